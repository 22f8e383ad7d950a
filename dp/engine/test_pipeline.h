// For tests: a pipeline, its records and the kernel it speaks with.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apps/application.h"
#include "engine/pipeline.h"
#include "parse/test_bytes.h"

namespace vmoat::test {

struct Flow : FlowRecord {
  std::string app;  // layers joined by '/'
  std::map<std::string, std::string> facts;
};

/** Keeps what the pipeline says. */
class Notebook final : public RecordSink, public FlowControl {
 public:
  void flows(Bytes batch) override {
    FlowBatchHeader h;
    std::memcpy(&h, batch.data(), sizeof h);
    for (uint32_t i = 0; i < h.count; i++) {
      Flow f;
      std::memcpy(static_cast<FlowRecord*>(&f), batch.data() + sizeof h + i * sizeof(FlowRecord),
                  sizeof(FlowRecord));
      for (uint16_t layer : f.layers)
        if (layer != 0 && layer <= applications().size())
          f.app += (f.app.empty() ? "" : "/") + std::string(applications()[layer - 1u].name);
      read_facts(batch.subspan(sizeof h + h.count * sizeof(FlowRecord) + f.facts_at, f.facts_length), f);
      flow.push_back(f);
    }
  }
  void addresses(Bytes batch) override {
    const size_t count = batch.size() / sizeof(AddressRecord), had = address.size();
    address.resize(had + count);
    std::memcpy(&address[had], batch.data(), batch.size());
  }
  void names(Bytes batch) override {
    const size_t count = batch.size() / sizeof(NameRecord), had = name.size();
    name.resize(had + count);
    std::memcpy(&name[had], batch.data(), batch.size());
  }
  void threats(Bytes batch) override {
    const size_t count = batch.size() / sizeof(ThreatRecord), had = threat.size();
    threat.resize(had + count);
    std::memcpy(&threat[had], batch.data(), batch.size());
  }
  void want(const vmoat_flow_key& key, uint32_t from_nic, uint32_t) override {
    wanted.emplace_back(key, from_nic);
  }
  void forget(const vmoat_flow_key& key) override { forgotten.push_back(key); }
  void tell(const vmoat_end_key& key, const vmoat_end& end) override { told_ends.emplace_back(key, end); }
  void tell(const vmoat_pair& pair, vmoat_verdict verdict) override {
    (verdict == VMOAT_ALLOW ? allowed_pairs : opening_pairs).push_back(pair);
  }
  void rule(const vmoat_flow_key& key, const FlowRule& rule) override { ruled.emplace_back(key, rule); }
  int64_t unread_ns(const vmoat_flow_key&) override { return unread; }
  void worked() override {}

  int64_t unread = 0;  // of every flow

  std::vector<Flow> flow;
  std::vector<AddressRecord> address;
  std::vector<NameRecord> name;
  std::vector<ThreatRecord> threat;
  std::vector<std::pair<vmoat_flow_key, uint32_t>> wanted;
  std::vector<std::pair<vmoat_flow_key, FlowRule>> ruled;
  std::vector<vmoat_pair> allowed_pairs, opening_pairs;
  std::vector<std::pair<vmoat_end_key, vmoat_end>> told_ends;
  std::vector<vmoat_flow_key> forgotten;

 private:
  static void read_facts(Bytes run, Flow& f) {
    ByteReader r(run);
    while (r.left() > 0) {
      const uint8_t key = r.u8();
      r.skip(1);
      f.facts[std::string(fact_name(static_cast<Fact>(key)))] = r.text(r.le16());
    }
  }
};

constexpr int64_t start_ns = 1'700'000'000'000'000'000;
constexpr int64_t second_ns = 1'000'000'000;

inline PipelineOptions small_options() {
  PipelineOptions o;
  o.sessions_max = 64;
  o.openings_bytes_max = o.facts_bytes_max = o.fragments.bytes_max = 1 << 20;
  o.addresses_max = 64;
  o.tunnel_ids_max = 64;
  o.seed[0] = 1;
  return o;
}

/** IPv4 from 10.0.0.`from` to 10.0.0.`to`. */
inline Buffer ip_between(uint8_t from, uint8_t to, uint8_t proto, const Buffer& body) {
  Buffer b = ipv4(proto, body);
  b[15] = from;
  b[19] = to;
  return b;
}

/** Feeds frames one second apart unless told otherwise. */
struct Rig {
  Notebook notes;
  Pipeline pipeline;
  int64_t now_ns = start_ns;

  explicit Rig(const PipelineOptions& options = small_options(), bool live = false)
      : pipeline(options, notes, live ? &notes : nullptr) {}

  void feed(const Buffer& frame, int64_t after_ns = 1000, uint32_t cut = 0) {
    now_ns += after_ns;
    Frame f;
    f.bytes = frame;
    f.length = static_cast<uint32_t>(frame.size()) + cut;
    f.time_ns = now_ns;
    pipeline.frame(f);
  }
  void ip(uint8_t from, uint8_t to, uint8_t proto, const Buffer& body, int64_t after_ns = 1000) {
    feed(ethernet(0x0800, ip_between(from, to, proto, body)), after_ns);
  }
  /** A request and its answer over TCP, closed on both sides. */
  void http(uint8_t client, uint16_t port) {
    const Buffer request = text("GET /x HTTP/1.1\r\nHost: example.org\r\n\r\n");
    const Buffer answer = text("HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: 0\r\n\r\n");
    const auto a = static_cast<uint32_t>(101 + request.size()),
               b = static_cast<uint32_t>(501 + answer.size());
    ip(client, 2, 6, tcp(port, 80, 100, 0, 2));
    ip(2, client, 6, tcp(80, port, 500, 101, 18));
    ip(client, 2, 6, tcp(port, 80, 101, 501, 16));
    ip(client, 2, 6, tcp(port, 80, 101, 501, 24, request));
    ip(2, client, 6, tcp(80, port, 501, a, 24, answer));
    ip(client, 2, 6, tcp(port, 80, a, b, 17));
    ip(2, client, 6, tcp(80, port, b, a + 1, 17));
    ip(client, 2, 6, tcp(port, 80, a + 1, b + 1, 16));
  }
  const std::vector<Flow>& finish() {
    pipeline.finish();
    return notes.flow;
  }
};

}  // namespace vmoat::test
