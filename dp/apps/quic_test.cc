#include <doctest/doctest.h>
#include <mbedtls/gcm.h>

#include "apps/crypto.h"
#include "apps/sample.h"

namespace vmoat {
namespace {

std::string initial(const std::string& first, const std::string& version) {
  return hex(first) + hex(version) + hex("08 0102030405060708 00 00 4496") + std::string(1174, 'x');
}

const std::string v1_salt = hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
                  v2_salt = hex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
                  v2_draft_salt = hex("a707c203a59b47184a1d62ca570406ea7ae3e5d3"),
                  draft_23_salt = hex("c3eef712c72ebb5a11a7d2432bb46365bef9f502"),
                  draft_29_salt = hex("afbfec289993d24c9e9786f19c6111e04390a899");

/** The client hello of RFC 9001, A.2, without the frame around it. */
const std::string rfc_hello =
    hex("010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c0"
        "00000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e00"
        "0500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d7"
        "48002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffff"
        "ffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff");

std::string varint(size_t value) {
  return value < 64 ? std::string(1, static_cast<char>(value)) : be16(0x4000 | value);
}
std::string crypto_frame(size_t offset, const std::string& data) {
  return hex("06") + varint(offset) + varint(data.size()) + data;
}

/** Seals an Initial packet as RFC 9001, 5 says; the payload is padded so that the packet has 1,200 bytes. */
struct Sealer {
  std::string salt = v1_salt, label = "quic", version = hex("00000001");
  uint8_t first = 0xc3;
  std::string id = hex("8394c8f03e515708"), keyed_by = id;

  [[nodiscard]] std::string seal(std::string payload, uint32_t number = 2, size_t bytes = 1200) const {
    std::string header(1, static_cast<char>(first));
    header += version + std::string(1, static_cast<char>(id.size())) + id + raw("\0\0");
    const size_t number_at = header.size() + 2;
    header += be16(0x4000 | (bytes - number_at)) + be32(number);
    payload.resize(bytes - header.size() - 16);
    const QuicKeys keys = quic_client_keys(as_bytes(salt), as_bytes(keyed_by), label);
    std::array<uint8_t, 12> nonce = keys.iv;
    for (size_t i = 0; i < 4; i++) nonce[11 - i] ^= static_cast<uint8_t>(number >> 8 * i);
    std::string sealed(payload.size(), '\0'), tag(16, '\0');
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, keys.key.data(), 128);
    mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, payload.size(), nonce.data(), nonce.size(),
                              as_bytes(header).data(), header.size(), as_bytes(payload).data(),
                              reinterpret_cast<uint8_t*>(sealed.data()), tag.size(),
                              reinterpret_cast<uint8_t*>(tag.data()));
    mbedtls_gcm_free(&gcm);
    std::string packet = header + sealed + tag;
    const auto mask = quic_mask(keys, as_bytes(packet).subspan(number_at + 4, 16));
    packet[0] = static_cast<char>(packet[0] ^ (mask[0] & 0x0f));
    for (size_t i = 0; i < 4; i++)
      packet[number_at + i] = static_cast<char>(packet[number_at + i] ^ mask[1 + i]);
    return packet;
  }
};

const Sealer v2{.salt = v2_salt, .label = "quicv2", .version = hex("6b3343cf"), .first = 0xd3};

/** A hello that offers `alpn`, long enough for two datagrams. */
std::string long_hello(const std::string& alpn) {
  const std::string list = std::string(1, static_cast<char>(alpn.size())) + alpn;
  const std::string extensions = hex("0000 000e 000c 00 0009") + "h3.test.a" + be16(16) +
                                 be16(list.size() + 2) + be16(list.size()) + list + hex("002b 0003 02 0304") +
                                 be16(51) + be16(1800) + std::string(1800, 'k');
  const std::string body = hex("0303") + std::string(32, 'r') + raw("\0") + hex("0002 1301 01 00") +
                           be16(extensions.size()) + extensions;
  return hex("01") + raw("\0") + be16(body.size()) + body;
}

/** One datagram after the other, what is kept handed on. */
struct Conversation {
  std::string client_kept, server_kept;
  Answer say(const std::string& bytes, bool by_client = true) {
    Opening opening;
    opening.transport = over_udp;
    opening.direction_seen = false;
    (by_client ? opening.client : opening.server) = as_bytes(bytes);
    opening.client_kept = as_bytes(client_kept);
    opening.server_kept = as_bytes(server_kept);
    Answer answer = ask(application("quic"), opening);
    if (!answer.noted.kept.empty()) (by_client ? client_kept : server_kept) = answer.noted.kept;
    return answer;
  }
};

}  // namespace

extern const std::vector<Sample> quic_samples;
const std::vector<Sample> quic_samples = {
    {.name = "version 1",
     .client = initial("c3", "00000001"),
     .transport = over_udp,
     .server_port = 443,
     .symmetric = true},
    {.name = "version 2",
     .client = initial("d3", "6b3343cf"),
     .transport = over_udp,
     .server_port = 4433,
     .symmetric = true},
    {.name = "negotiation",
     .server = hex("80 00000000 00 08 0102030405060708 00000001 6b3343cf"),
     .transport = over_udp,
     .server_port = 443,
     .server_alone = true,
     .symmetric = true},
    {.name = "hello of RFC 9001",
     .client = Sealer{}.seal(crypto_frame(0, rfc_hello)),
     .transport = over_udp,
     .server_port = 443},
    {.name = "hello of RFC 9369",
     .client = v2.seal(crypto_frame(0, rfc_hello)),
     .transport = over_udp,
     .server_port = 443},
    {.name = "half a hello",
     .client = Sealer{}.seal(crypto_frame(300, rfc_hello)),
     .transport = over_udp,
     .server_port = 443},
    {.name = "a reserved version",
     .client = Sealer{.version = hex("1a2a3a4a")}.seal(crypto_frame(0, rfc_hello)),
     .transport = over_udp,
     .server_port = 443,
     .symmetric = true},
    {.name = "google",
     .client = hex("0d 0102030405060708") + "Q043" + std::string(1000, 'x'),
     .transport = over_udp,
     .server_port = 443,
     .symmetric = true},
};

TEST_CASE("quic: version") {
  CHECK(ask("quic", quic_samples[0]).noted.facts.at(Fact::quic_version) == "1");
  CHECK(ask("quic", quic_samples[1]).noted.facts.at(Fact::quic_version) == "2");
  CHECK(ask("quic", quic_samples.back()).noted.facts.at(Fact::quic_version) == "Q043");
}

TEST_CASE("quic: the packets of RFC 9001, A.2, and RFC 9369, A.2") {
  const std::string one = Sealer{}.seal(crypto_frame(0, rfc_hello)),
                    two = v2.seal(crypto_frame(0, rfc_hello));
  CHECK(one.starts_with(hex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11")));
  CHECK(one.ends_with(hex("8b4c8d169a44e55c88d4a9a7f9474241e221af44860018ab0856972e194cd934")));
  CHECK(two.starts_with(hex("d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485")));
  CHECK(two.ends_with(hex("9973b2172b4d21fb69745a262ccde96ba18b2faa745b6fe189cf772a9f84cbfc")));
  for (const std::string& packet : {one, two}) {
    const Answer answer = Conversation{}.say(packet);
    CHECK(answer.noted.facts.at(Fact::tls_sni) == "example.com");
    CHECK(answer.noted.facts.at(Fact::tls_alpn) == "alpn");
    CHECK(answer.noted.facts.at(Fact::tls_version) == "1.3");
    CHECK(answer.noted.facts.at(Fact::tls_ja4).starts_with("q13d0211an_"));
    CHECK_FALSE(answer.noted.is_unfinished);
  }
}

TEST_CASE("quic: a hello in two datagrams, in either order, its frames shuffled") {
  const std::string hello = long_hello("h3");
  const std::string a = Sealer{}.seal(crypto_frame(900, hello.substr(900, 200)) + raw("\1\1") +
                                      crypto_frame(0, hello.substr(0, 900)));
  const std::string b = Sealer{}.seal(crypto_frame(1100, hello.substr(1100)), 3);
  for (const auto& order : {std::array{a, b}, std::array{b, a}}) {
    Conversation talk;
    const Answer early = talk.say(order[0]);
    CHECK(early.claim == Claim::sure);
    CHECK(early.noted.is_unfinished);
    CHECK(early.noted.facts.count(Fact::tls_ja4) == 0);
    CHECK(talk.say(initial("c3", "00000001"), false).noted.is_unfinished);
    const Answer late = talk.say(order[1]);
    CHECK_FALSE(late.noted.is_unfinished);
    CHECK(late.noted.facts.at(Fact::tls_sni) == "h3.test.a");
    CHECK(late.noted.layers == std::vector<std::string>{"h3"});
    CHECK(late.noted.facts.at(Fact::tls_ja4).starts_with("q13d0104h3_"));
  }
}

TEST_CASE("quic: later packets keep the keys of the first id; a Retry's id makes new ones") {
  const std::string hello = long_hello("h3");
  Conversation talk;
  talk.say(Sealer{}.seal(crypto_frame(0, hello.substr(0, 1000))));
  Sealer renamed;
  renamed.id = hex("0102030405");
  CHECK(talk.say(renamed.seal(crypto_frame(1000, hello.substr(1000)), 3)).noted.facts.count(Fact::tls_ja4) ==
        1);
  Conversation retried;
  retried.say(Sealer{}.seal(crypto_frame(0, hello.substr(0, 1000))));
  renamed.keyed_by = renamed.id;
  const Answer answer = retried.say(renamed.seal(crypto_frame(0, rfc_hello)));
  CHECK(answer.noted.facts.at(Fact::tls_sni) == "example.com");
}

TEST_CASE("quic: drafts, coalesced packets and what was tampered with") {
  const Sealer drafts[] = {
      {.salt = hex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"), .version = hex("ff000016")},
      {.salt = draft_29_salt, .version = hex("ff00001d")},
      {.salt = draft_23_salt, .version = hex("faceb002")},
      {.salt = v2_draft_salt, .label = "quicv2", .version = hex("709a50c4"), .first = 0xd3},
  };
  const char* const names[] = {"draft-22", "draft-29", "mvfst-02", "2-draft"};
  for (size_t i = 0; i < std::size(drafts); i++) {
    const Answer told = Conversation{}.say(drafts[i].seal(crypto_frame(0, rfc_hello)));
    CHECK(told.noted.facts.at(Fact::tls_sni) == "example.com");
    CHECK(told.noted.facts.at(Fact::quic_version) == names[i]);
  }
  const std::string two = Sealer{}.seal(crypto_frame(100, rfc_hello.substr(100)), 1, 500) +
                          Sealer{}.seal(crypto_frame(0, rfc_hello.substr(0, 100)), 2, 700);
  CHECK(Conversation{}.say(two).noted.facts.at(Fact::tls_sni) == "example.com");
  std::string bad = Sealer{}.seal(crypto_frame(0, rfc_hello));
  bad[700] ^= 1;
  const Answer answer = Conversation{}.say(bad);
  CHECK(answer.claim == Claim::sure);
  CHECK(answer.noted.facts.count(Fact::tls_sni) == 0);
}

TEST_CASE("quic: kept bytes stay within their bound, however many frames come") {
  Conversation talk;
  for (uint32_t i = 0; i < 40; i++) {
    talk.say(Sealer{}.seal(crypto_frame(1 + 7 * i, std::string(1100, 'x')), i));
    CHECK(talk.client_kept.size() <= kept_bytes_max);
  }
}

TEST_CASE("quic: is not claimed for lengths that do not fit and unknown versions") {
  const auto udp = [](const char* name, const std::string& bytes) {
    Sample sample{.name = name, .client = bytes, .transport = over_udp, .server_port = 443};
    CHECK(ask("quic", sample).claim == Claim::no);
  };
  udp("length past the end", initial("c3", "00000001").substr(0, 900));
  udp("version", initial("c3", "12345678"));
  udp("a reserved version in too short a datagram",
      Sealer{.version = hex("1a2a3a4a")}.seal(rfc_hello, 2, 1199));
  udp("id of 21 bytes", hex("c3 00000001 15") + std::string(1200, 'x'));
  udp("rtp", hex("80 00 0001 00000000 01020304") + std::string(160, 'x'));
}

}  // namespace vmoat
