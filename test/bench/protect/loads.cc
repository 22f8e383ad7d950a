#include "loads.h"

#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>

#include "guests/traffic.h"

namespace vmoat::bench {
namespace {

constexpr std::string_view http_request = "GET /index.html HTTP/1.1\r\nHost: server\r\nAccept: */*\r\n\r\n";
constexpr std::string_view http_upload =
    "PUT /file HTTP/1.1\r\nHost: server\r\nContent-Length: 1000000000000000\r\n\r\n";
constexpr std::string_view http_upload_in_chunks =
    "PUT /file HTTP/1.1\r\nHost: server\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view http_reply =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

/** Of the whole machine: user, nice, system, interrupts; not idle, waiting or stolen (proc_stat(5)). */
double busy_seconds() {
  std::ifstream stat("/proc/stat");
  std::string name;
  std::array<double, 7> ticks = {};  // user nice system idle iowait irq softirq
  stat >> name;
  for (double& t : ticks) stat >> t;
  return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Ends ends_of(const Scene& scene, const LoadOptions& options) {
  return {.client = scene.guest(0), .server = scene.guest(1), .seconds = options.seconds};
}

/** No frame is content alone, and of those whose size has an extension the kernel reads nothing. */
std::string chunks_of_http(const char* extension) {
  std::string chunks;
  for (int i = 0; i < 16; i++)
    chunks += std::string("2000") + extension + "\r\n" + std::string(0x2000, '.') + "\r\n";
  return chunks;
}

void run_bulk(const Scene& scene, const LoadOptions& options, std::string_view variant) {
  Ends ends = ends_of(scene, options);
  if (!options.http) return print("bulk", variant, bulk(ends));
  ends.request = http_upload;
  print("bulk continuous", variant, bulk(ends));
  ends.request = http_upload_in_chunks;
  const std::string chunks = chunks_of_http(""), odd = chunks_of_http(";x");
  ends.rest = chunks;
  print("bulk chunks", variant, bulk(ends));
  ends.rest = odd;
  print("bulk held", variant, bulk(ends));
}

void run_udp(const Scene& scene, const LoadOptions& options, std::string_view variant) {
  const double before = busy_seconds();
  const double rate = udp(ends_of(scene, options));
  const double busy = busy_seconds() - before;
  print("udp", variant, rate);
  print("cpu", variant, busy * 1e9 / (rate * options.seconds));
}

void run_conn(const Scene& scene, const LoadOptions& options, std::string_view variant) {
  Ends ends = ends_of(scene, options);
  if (options.http) ends.request = http_request, ends.reply = http_reply;
  print(options.http ? "conn http" : "conn", variant, conn(ends));
}

void run_rr(const Scene& scene, const LoadOptions& options, std::string_view variant) {
  const RoundTrips trips = round_trips(ends_of(scene, options));
  print("rr", variant, trips.p50_us);
  print("rr p99", variant, trips.p99_us);
  print("rr p99.9", variant, trips.p999_us);
}

}  // namespace

std::span<const Load> loads() {
  static constexpr std::array all = {Load{"bulk", run_bulk}, Load{"udp", run_udp}, Load{"conn", run_conn},
                                     Load{"rr", run_rr}};
  return all;
}

void print(std::string_view metric, std::string_view variant, double value) {
  std::printf("{\"metric\":\"%.*s\",\"variant\":\"%.*s\",\"value\":%.6g}\n", static_cast<int>(metric.size()),
              metric.data(), static_cast<int>(variant.size()), variant.data(),
              std::isfinite(value) ? value : 0);
  std::fflush(stdout);
}

}  // namespace vmoat::bench
