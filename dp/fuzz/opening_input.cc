#include "fuzz/opening_input.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace vmoat {
namespace {

constexpr Transport transports[] = {over_tcp, over_udp, over_icmp, over_sctp};

void require(bool holds) {
  if (!holds) std::abort();
}

/** Reads whatever it is given to the last byte, so that a sanitizer sees views that point nowhere. */
class CheckedFindings final : public Findings {
 public:
  void fact(Fact key, std::string_view value) override {
    require(key > Fact::none && key < Fact::count);
    touch(value);
  }
  void layer(std::string_view application) override {
    const auto all = applications();
    require(std::any_of(all.begin(), all.end(), [&](const auto& app) { return app.name == application; }));
  }
  void lease(Bytes ip, Bytes mac) override {
    require((ip.size() == 4 || ip.size() == 16) && mac.size() == 6);
    touch(as_text(ip));
    touch(as_text(mac));
  }
  void keep(Bytes bytes) override {
    kept.assign(bytes.begin(), bytes.begin() + std::min(bytes.size(), kept_bytes_max));
  }
  void asked(const NameQuestion& q) override {
    require(!q.name.empty() && q.name.size() <= host_name_max);
    touch(q.name);
  }
  void answered(const NameQuestion& q, std::span<const NameAddress> given) override {
    asked(q);
    for (const NameAddress& a : given) {
      require(a.address.size() == 4 || a.address.size() == 16);
      touch(as_text(a.address));
    }
  }
  void expect(const Expectation& e) override {
    const auto all = applications();
    require(std::any_of(all.begin(), all.end(), [&](const auto& app) { return app.name == e.application; }));
    require(e.address.empty() || e.address.size() == 4 || e.address.size() == 16);
    touch(as_text(e.address));
  }

  std::vector<uint8_t> kept;

 private:
  void touch(std::string_view value) {
    for (char c : value) sum_ = sum_ * 31 + static_cast<unsigned char>(c);
  }
  volatile unsigned sum_ = 0;
};

/** A copy of its own on the heap: a read past its end is seen. */
using Copy = std::vector<uint8_t>;
Copy take(ByteReader& in, size_t count) {
  const Bytes bytes = in.bytes(std::min({count, in.left(), opening_bytes_max}));
  return {bytes.begin(), bytes.end()};
}

/** One side speaks; what its recogniser kept is shown to it again, as the engine does. */
void run_side(const Application& app, Opening opening, Bytes Opening::* side, Bytes Opening::* kept,
              Copy& held) {
  const Bytes said = opening.*side;
  opening.client = opening.server = {};
  opening.*side = said;
  opening.*kept = held;
  CheckedFindings findings;
  findings.kept = held;
  app.message != nullptr ? app.message(opening, findings) : void(app.recognise(opening, findings));
  held = findings.kept;
}

/** However the client's words are cut, they go on or do not. */
void run_to_its_end(const Application& app, Bytes client, size_t cut) {
  StreamMemory whole, cut_up;
  const size_t first = std::min(cut, client.size());
  const Copy front(client.begin(), client.begin() + static_cast<ptrdiff_t>(first));
  const Copy rest(client.begin() + static_cast<ptrdiff_t>(first), client.end());
  size_t read = 0, read_cut_up = 0;
  const auto count = [](size_t& all) { return [&all](Bytes bytes) { all += bytes.size(); }; };
  const bool goes_on = read_on(app, client, whole, count(read));
  require(goes_on == (read_on(app, front, cut_up, count(read_cut_up)) &&
                      read_on(app, rest, cut_up, count(read_cut_up))));
  require(!goes_on || read == read_cut_up);
}

}  // namespace

void run_recogniser(const Application& app, Bytes input) {
  ByteReader in(input);
  const uint8_t flags = in.u8();
  Opening opening;
  opening.transport = transports[flags & 3];
  opening.server_port = in.be16();
  const size_t client_bytes = in.be16();
  if (!in.ok() || !(app.transports & opening.transport)) return;
  const Copy client = take(in, client_bytes), server = take(in, in.left());
  const bool one_side = opening.transport != over_tcp && !client.empty();
  opening.client = client;
  opening.server = one_side ? Bytes{} : Bytes(server);
  opening.direction_seen = flags & 4;
  opening.midstream = flags & 8;
  opening.cut = flags & 16;
  opening.expected = flags & 32;
  if (app.goes_on != nullptr) run_to_its_end(app, client, opening.server_port);
  CheckedFindings findings;
  const Claim claim = app.recognise(opening, findings);
  require(claim <= Claim::sure);
  require(claim == app.recognise(opening, findings));  // a pure function
  if (app.message == nullptr && opening.transport == over_tcp) return;
  Copy client_kept = findings.kept, server_kept;
  for (int turn = 0; turn < 2; turn++) {
    opening.client_kept = client_kept;
    opening.server_kept = server_kept;
    if (!client.empty()) run_side(app, opening, &Opening::client, &Opening::client_kept, client_kept);
    opening.client_kept = client_kept;
    if (!server.empty()) run_side(app, opening, &Opening::server, &Opening::server_kept, server_kept);
  }
}

}  // namespace vmoat
