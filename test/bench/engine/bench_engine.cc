// bench_engine SCENARIO: the engine alone, fed from memory, under loads that are built to hurt. Costs are
// thread CPU time of the pipeline, packets are made outside of it. Prints one figure per line as JSON.
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "apps/application.h"
#include "base/clock.h"
#include "engine/pipeline.h"
#include "packets.h"

namespace vmoat::bench {
namespace {

constexpr size_t chunk = 4096;  // packets made at once
constexpr size_t at_once = 32;  // frames per call, as a worker hands them over
constexpr uint8_t syn = 2, psh = 8, ack = 16;

constexpr std::string_view request =
    "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view query{
    "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07"
    "example\x03"
    "com\x00\x00\x01\x00\x01",
    33};

void print(const char* metric, const char* variant, double value, const char* unit) {
  std::printf("{\"metric\":\"%s\",\"variant\":\"%s\",\"value\":%.2f,\"unit\":\"%s\"}\n", metric, variant,
              value, unit);
}

/** Resident anonymous memory, bytes. */
long resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stol(line.substr(8)) * 1024;
  return 0;
}

/** Counts the records of an application. */
class Counter final : public RecordSink {
 public:
  explicit Counter(std::string_view application) {
    for (size_t i = 0; i < applications().size(); i++)
      if (applications()[i].name == application) number_ = static_cast<uint16_t>(i + 1);
  }
  void flows(Bytes batch) override {
    FlowBatchHeader head;
    std::memcpy(&head, batch.data(), sizeof head);
    for (uint32_t i = 0; i < head.count; i++) {
      FlowRecord r;
      std::memcpy(&r, batch.data() + sizeof head + i * sizeof r, sizeof r);
      if (r.layers[0] == number_ && r.confidence == Confidence::sure) recognised_++;
    }
  }
  void addresses(Bytes) override {}
  void names(Bytes) override {}
  void threats(Bytes) override {}
  [[nodiscard]] uint64_t recognised() const { return recognised_; }

 private:
  uint16_t number_ = 0;
  uint64_t recognised_ = 0;
};

/** A pipeline with a meter on it. */
class Engine {
 public:
  explicit Engine(const PipelineOptions& options, std::string_view application = "http")
      : counter_(application), pipeline_(options, counter_) {}

  /** Hands over what is waiting where that is enough for a chunk, or always with `all`. */
  void feed(Packets& packets, bool all = false) {
    if (packets.count() < chunk && !all) return;
    const std::span<const Frame> frames = packets.frames();
    const int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < frames.size(); i += at_once)
      pipeline_.frames(frames.subspan(i, std::min(at_once, frames.size() - i)));
    spent_ns_ += clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    packets_ += frames.size();
    packets.clear();
  }
  /** The same, each packet by itself; its cost in ns is appended. */
  void feed_singly(Packets& packets, std::vector<uint32_t>& costs) {
    if (packets.count() < chunk) return;
    for (const Frame& frame : packets.frames()) {
      const int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
      pipeline_.frame(frame);
      costs.push_back(static_cast<uint32_t>(clock_ns(CLOCK_THREAD_CPUTIME_ID) - start));
    }
    packets.clear();
  }
  void finish() { pipeline_.finish(); }
  [[nodiscard]] double ns_per_packet() const {
    return static_cast<double>(spent_ns_) / static_cast<double>(packets_);
  }
  [[nodiscard]] const Pipeline& pipeline() const { return pipeline_; }
  [[nodiscard]] uint64_t recognised() const { return counter_.recognised(); }

 private:
  Counter counter_;
  Pipeline pipeline_;
  int64_t spent_ns_ = 0;
  uint64_t packets_ = 0;
};

PipelineOptions roomy(uint32_t sessions) {
  PipelineOptions options;
  options.sessions_max = sessions + sessions / 8;
  return options;
}

/** Ends that look random but are the same in every run; the clients are all different. */
Ends ends_of(uint32_t n, uint16_t server_port = 80) {
  return {0x0a000000 | (n * 0x9e3779b1u) >> 8, 0xc0a80001 + n % 200, static_cast<uint16_t>(1024 + n % 60'000),
          server_port};
}

void open_http(Packets& packets, const Ends& e, int step) {
  const auto asked = static_cast<uint32_t>(1001 + request.size());
  switch (step) {
    case 0:
      return packets.tcp(e, 1000, 0, syn);
    case 1:
      return packets.tcp(e.turned(), 5000, 1001, syn | ack);
    case 2:
      return packets.tcp(e, 1001, 5001, ack);
    case 3:
      return packets.tcp(e, 1001, 5001, psh | ack, request);
    default:
      return packets.tcp(e.turned(), 5001, asked, psh | ack, response);
  }
}
constexpr int http_steps = 5;

/** A million HTTP sessions of a million sources, opened a thousand at a time. */
template <class Feed>
void open_million(Feed&& feed) {
  constexpr uint32_t sessions = 1'000'000, together = 1000;
  Packets packets;
  for (uint32_t first = 0; first < sessions; first += together)
    for (int step = 0; step < http_steps; step++)
      for (uint32_t n = first; n < first + together; n++) {
        open_http(packets, ends_of(n), step);
        feed(packets);
      }
}

void million_open() {
  const long before = resident();
  Engine engine(roomy(1'000'000));
  open_million([&](Packets& packets) { engine.feed(packets); });
  const auto open = static_cast<double>(engine.pipeline().sessions_open());
  malloc_trim(0);
  print("http-open", "vmoat", engine.ns_per_packet(), "ns/packet");
  print("http-open-memory", "vmoat", static_cast<double>(resident() - before) / open, "B/session");
}

void growth() {
  Engine engine(roomy(1'000'000));
  std::vector<uint32_t> costs;
  costs.reserve(5'000'000);
  open_million([&](Packets& packets) { engine.feed_singly(packets, costs); });
  const auto at = [&](double share) {
    const auto place = static_cast<size_t>(share * static_cast<double>(costs.size() - 1));
    std::nth_element(costs.begin(), costs.begin() + static_cast<ptrdiff_t>(place), costs.end());
    return static_cast<double>(costs[place]) / 1000;
  };
  print("growth-p50", "vmoat", at(.5), "us");
  print("growth-p99.9", "vmoat", at(.999), "us");
  print("growth-max", "vmoat", at(1), "us");
}

constexpr uint32_t colliding_flows = 40'000;

/** All of one sum of addresses and ports: a linear hash puts them into one place. */
Ends colliding(uint32_t n) {
  return {0x0a000000 + n, 0xc0a80001, static_cast<uint16_t>(60'000 - n), 80};
}

void keys(const char* variant, const std::vector<Ends>& flows) {
  constexpr int repeats = 20;
  Engine engine(roomy(colliding_flows));
  Packets packets;
  for (int repeat = 0; repeat < repeats; repeat++)
    for (const Ends& e : flows) {
      packets.tcp(e, 1000, 0, syn);
      engine.feed(packets);
    }
  engine.feed(packets, true);
  print("keys", variant, engine.ns_per_packet(), "ns/packet");
}

void random_keys() {
  std::mt19937 random(1);
  std::vector<Ends> flows;
  for (uint32_t n = 0; n < colliding_flows; n++)
    flows.push_back({static_cast<uint32_t>(random()), 0xc0a80001, static_cast<uint16_t>(random()), 80});
  keys("random", flows);
}

void colliding_keys() {
  std::vector<Ends> flows;
  for (uint32_t n = 0; n < colliding_flows; n++) flows.push_back(colliding(n));
  keys("colliding", flows);
}

/** A million sources, one SYN each; an ordinary session runs among every thousand of them. */
void syn_flood() {
  constexpr uint32_t sources = 1'000'000, between = 1000;
  const long before = resident();
  Engine engine(PipelineOptions{.sessions_max = 262'144});
  Packets packets;
  for (uint32_t n = 0; n < sources; n++) {
    packets.tcp({0x20000000 + n * 97, 0xc0a80001, static_cast<uint16_t>(n), 443}, n, 0, syn);
    if (n % (between / http_steps) == 0)
      open_http(packets, ends_of(n / between), static_cast<int>(n / (between / http_steps) % http_steps));
    engine.feed(packets);
  }
  engine.feed(packets, true);
  print("syn-flood", "vmoat", engine.ns_per_packet(), "ns/packet");
  print("syn-flood-memory", "vmoat", static_cast<double>(resident() - before) / 1048576, "MiB");
  engine.finish();
  print("syn-flood-recognised", "vmoat",
        100.0 * static_cast<double>(engine.recognised()) / (sources / between), "% of flows");
}

/** A million first fragments of datagrams that never become whole; a question of DNS in two fragments among
 * every thousand. */
void fragment_flood() {
  constexpr uint32_t fragments = 1'000'000, between = 1000;
  const long before = resident();
  Engine engine(PipelineOptions{.sessions_max = 262'144}, "dns");
  Packets packets;
  const std::string rest(1400, 'x');
  const std::vector<uint8_t> whole = datagram(40'000, 53, query);
  const std::string_view bytes(reinterpret_cast<const char*>(whole.data()), whole.size());
  for (uint32_t n = 0; n < fragments; n++) {
    packets.fragment({0x20000000 + n * 97, 0xc0a80001, 0, 0}, static_cast<uint16_t>(n), 0x2000, rest);
    if (n % between == 0) {
      const Ends asker = ends_of(n / between, 53);
      packets.fragment(asker, 7, 0x2000, bytes.substr(0, 24));
      packets.fragment(asker, 7, 3, bytes.substr(24));
    }
    engine.feed(packets);
  }
  engine.feed(packets, true);
  print("fragment-flood", "vmoat", engine.ns_per_packet(), "ns/packet");
  print("fragment-flood-memory", "vmoat", static_cast<double>(resident() - before) / 1048576, "MiB");
  engine.finish();
  print("fragment-flood-recognised", "vmoat",
        100.0 * static_cast<double>(engine.recognised()) / (fragments / between), "% of flows");
}

struct Scenario {
  const char* name;
  void (*run)();
};
constexpr Scenario scenarios[] = {
    {"million-open", million_open},     {"growth", growth},       {"random-keys", random_keys},
    {"colliding-keys", colliding_keys}, {"syn-flood", syn_flood}, {"fragment-flood", fragment_flood},
};

}  // namespace
}  // namespace vmoat::bench

int main(int argc, char** argv) {
  for (const auto& scenario : vmoat::bench::scenarios)
    if (argc == 2 && std::strcmp(argv[1], scenario.name) == 0) return scenario.run(), 0;
  std::fputs("usage: bench_engine SCENARIO, one of:", stderr);
  for (const auto& scenario : vmoat::bench::scenarios) std::fprintf(stderr, " %s", scenario.name);
  return std::fputs("\n", stderr), 2;
}
