// Messages: what splitters find in what the ends say, and threats judge. All are views into the window at
// hand, valid during the call.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/byte_reader.h"

namespace vmoat {

/** A header field as sent: the name with whatever stands before the colon, the value without its blanks. */
struct HttpField {
  std::string_view name, value;
  bool folded = false;   // goes on from the line before (RFC 9112, 5.2: obsolete)
  bool bare_lf = false;  // ended by LF alone
};

/** How a head says where its body ends (RFC 9112, 6), and what is wrong with that. */
enum HttpFraming : uint8_t {
  has_length = 1,
  has_coding = 2,         // Transfer-Encoding
  is_chunked = 4,         // and its last coding is chunked
  lengths_differ = 8,     // two Content-Lengths
  length_negative = 16,   // or beyond 63 bits
  length_malformed = 32,  // no number at all
  coding_obscured = 64,   // a Transfer-Encoding that one server reads and another passes over
};

/** A request's or an answer's head; a long one comes in parts. */
struct HttpHead {
  bool request = false;
  bool first = false;                 // this part begins with the request or status line
  bool whole = false;                 // this part reaches the empty line
  uint8_t framing = 0;                // HttpFraming of all parts so far
  uint16_t status = 0;                // of an answer
  std::string_view method;            // of a request; empty in later parts
  std::string_view target;            // likewise, as sent
  std::string_view agent;             // User-Agent of a request, where it stands in this part
  std::span<const HttpField> fields;  // those that say where the body ends, at most 8 of a part
};

/** Nothing in it is for a threat: it says once and clearly where its body ends, and not who asks. */
constexpr bool is_plain(const HttpHead& head) {
  const uint8_t both = has_length | has_coding;
  return head.agent.empty() && (head.framing & ~(both | is_chunked)) == 0 && (head.framing & both) != both;
}

/** A request head that has not ended `waited_s` after its first byte. */
struct HttpSlowHead {
  uint32_t waited_s = 0;
};

enum class HttpWhere : uint8_t { path, query, cookie, form, json, xml, multipart, field };

/** Which characters that code is written with stand in a text. */
enum HttpMarks : uint16_t {
  mark_quote = 1,       // ' " `
  mark_dollar = 2,      // $
  mark_angle = 4,       // < >
  mark_paren = 8,       // ( )
  mark_percent = 16,    // %
  mark_slash = 32,      // / and backslash
  mark_separator = 64,  // ; | & and line ends
  mark_comment = 128,   // # *
  mark_equals = 256,    // =
  mark_brace = 512,     // { }
  mark_blank = 1024,    // space, tab
  mark_other = 2048,    // any other than letters, digits and - _ . ~
};

/** One thing that a request puts into an application: decoded, at most twice where it was encoded twice. */
struct HttpInput {
  HttpWhere where = HttpWhere::query;
  uint16_t marks = 0;         // of the value
  bool dots_encoded = false;  // a dot or slash of the path was percent-encoded, or overlong
  std::string_view name;      // of the parameter, cookie or field
  std::string_view value;
};

/** One DNS message (RFC 1035), read loosely: what is wrong with it is what threats look for. */
enum DnsFault : uint8_t {
  dns_pointer_loop = 1,    // a compression pointer that leads to itself, forward, or through too many
  dns_name_too_long = 2,   // more than 255 bytes
  dns_label_invalid = 4,   // neither label nor pointer (RFC 6891 ended the other two)
  dns_record_overrun = 8,  // a record's data ends beyond the message
  dns_data_mismatch = 16,  // an A, AAAA … whose length is another
};

struct DnsMessage {
  bool response = false;
  bool from_client = false;
  bool over_tcp = false;
  uint8_t opcode = 0, rcode = 0;
  uint8_t faults = 0;  // DnsFault
  uint16_t questions = 0, answers = 0;
  uint16_t type = 0;         // of the first question
  bool null_record = false;  // asked for or answered with type NULL
  uint32_t bytes = 0;        // of the message
  uint32_t text_bytes = 0;   // of TXT, NULL and CNAME data in the answers
  std::string_view name;     // of the first question, dots between labels, at most 255 bytes
};

/** One TLS record: its header and its first bytes, at most 256. */
struct TlsRecord {
  bool from_client = false;
  bool encrypted = false;  // a change of cipher went before it in this direction
  uint8_t type = 0;        // 24: heartbeat
  uint16_t version = 0;
  uint16_t length = 0;
  uint16_t heartbeat_asked = 0;  // length of the other end's last heartbeat record, 0 = none
  Bytes body;                    // as much as is at hand
};

/** The line that an end greets with. */
struct Banner {
  std::string_view application;
  bool from_client = false;
  std::string_view line;
};

/** A login that the server refused, read from its answer. */
struct Login {
  std::string_view application;
  std::string_view reason;  // the server's words or code
};

}  // namespace vmoat
