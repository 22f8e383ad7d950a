// Fills and empties the mailbox.
#include "binding/mailbox.h"

#include <cstring>

namespace vmoat::binding {
namespace {

constexpr size_t bulk_bytes_max = 64u << 20;  // some 250,000 flow records: seconds of a busy host
constexpr size_t log_lines_max = 256;

size_t flow_count(std::span<const uint8_t> batch) {
  FlowBatchHeader header{};
  if (batch.size() >= sizeof(header)) std::memcpy(&header, batch.data(), sizeof(header));
  return header.count;
}

}  // namespace

template <class Change>
void Mailbox::put(Change change) {
  {
    std::lock_guard lock(mutex_);
    change(mail_);
    if (std::exchange(told_, true)) return;
  }
  ready_();
}

Mail Mailbox::take() {
  std::lock_guard lock(mutex_);
  told_ = false;
  bulk_bytes_ = 0;
  return std::exchange(mail_, Mail{});
}

uint64_t Mailbox::lost_records() {
  std::lock_guard lock(mutex_);
  return lost_records_;
}

void Mailbox::put_bulk(std::span<const uint8_t> batch, size_t records,
                       std::vector<std::vector<uint8_t>> Mail::* list) {
  put([&](Mail& mail) {
    if (bulk_bytes_ + batch.size() > bulk_bytes_max) {
      lost_records_ += records;
      return;
    }
    bulk_bytes_ += batch.size();
    (mail.*list).emplace_back(batch.begin(), batch.end());
  });
}

void Mailbox::flows(std::span<const uint8_t> batch) {
  put_bulk(batch, flow_count(batch), &Mail::flows);
}

void Mailbox::addresses(std::span<const uint8_t> batch) {
  put_bulk(batch, batch.size() / sizeof(AddressRecord), &Mail::addresses);
}

void Mailbox::names(std::span<const uint8_t> batch) {
  put_bulk(batch, batch.size() / sizeof(NameRecord), &Mail::names);
}

void Mailbox::threats(std::span<const uint8_t> batch) {
  put_bulk(batch, batch.size() / sizeof(ThreatRecord), &Mail::threats);
}

void Mailbox::nics(uint64_t generation, std::span<const TappedNic> nics) {
  put([=](Mail& mail) { mail.nics.emplace(generation, std::vector(nics.begin(), nics.end())); });
}

void Mailbox::links(uint64_t generation, std::span<const LinkInfo> links) {
  put([=](Mail& mail) { mail.links.emplace(generation, std::vector(links.begin(), links.end())); });
}

void Mailbox::segments(uint64_t generation, std::span<const SegmentInfo> segments) {
  put([=](Mail& mail) { mail.segments.emplace(generation, std::vector(segments.begin(), segments.end())); });
}

void Mailbox::status(const DataplaneStatus& status) {
  put([&](Mail& mail) { mail.status = status; });
}

void Mailbox::log(std::string_view level, std::string_view text) {
  put([=](Mail& mail) {
    if (mail.log.size() < log_lines_max) mail.log.push_back({std::string(level), std::string(text)});
  });
}

}  // namespace vmoat::binding
