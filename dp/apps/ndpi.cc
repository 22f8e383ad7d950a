// nDPI's functions, as its header of version 4.2 declares them.
#include "apps/ndpi.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <type_traits>

#include "apps/text.h"

namespace vmoat {

namespace {

/** Its return value: who carries (TLS) and who is carried. */
struct Protocol {
  uint16_t master, app;
  uint32_t category;
};
struct Bitmask {
  uint32_t words[16];
};
constexpr uint32_t no_tor_hosts = 1;  // no names by address lists
constexpr size_t flow_bytes_max = 65536;
constexpr unsigned protocols_max = 511;

/** Its modules must be made and ended one at a time. */
std::mutex& module_mutex() {
  static std::mutex mutex;
  return mutex;
}

std::string plain(std::string_view name) {
  std::string text;
  for (char c : name) text += is_letter(c) || is_digit(c) || c == '.' ? lower(c) : '-';
  return text;
}

}  // namespace

struct Ndpi::Functions {
  void* (*init)(uint32_t);
  void (*set_bitmask)(void*, const Bitmask*);
  void (*finalize)(void*);
  void (*exit)(void*);
  uint32_t (*flow_size)();
  Protocol (*process)(void*, void*, const unsigned char*, unsigned short, uint64_t);
  void (*free_flow)(void*);
  char* (*name)(void*, uint16_t);
  unsigned (*count)(void*);
  char* (*revision)();
};

Result<std::shared_ptr<const Ndpi>> Ndpi::load(const char* file) {
  std::shared_ptr<Ndpi> library(new Ndpi);
  library->library_ = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library->library_ == nullptr) return Error{std::string("nDPI is not there: ") + ::dlerror()};
  library->call_ = std::make_unique<Functions>();
  Functions& call = *library->call_;
  const char* missing = nullptr;
  const auto find = [&](auto& to, const char* name) {
    void* const symbol = ::dlsym(library->library_, name);
    if (symbol == nullptr) missing = name;
    to = reinterpret_cast<std::remove_reference_t<decltype(to)>>(symbol);  // as POSIX has it of dlsym
  };
  find(call.init, "ndpi_init_detection_module");
  find(call.set_bitmask, "ndpi_set_protocol_detection_bitmask2");
  find(call.finalize, "ndpi_finalize_initialization");
  find(call.exit, "ndpi_exit_detection_module");
  find(call.flow_size, "ndpi_detection_get_sizeof_ndpi_flow_struct");
  find(call.process, "ndpi_detection_process_packet");
  find(call.free_flow, "ndpi_free_flow_data");
  find(call.name, "ndpi_get_proto_name");
  find(call.count, "ndpi_get_num_supported_protocols");
  find(call.revision, "ndpi_revision");
  if (missing != nullptr) return Error{std::string(file) + " has no " + missing};
  const std::string_view revision = call.revision();
  if (!revision.starts_with("4.2")) return Error{"nDPI is of version " + std::string(revision) + ", not 4.2"};
  library->flow_bytes_ = (call.flow_size() + 15u) / 16 * 16;
  void* const module = library->make_module();
  if (module == nullptr || library->flow_bytes_ > flow_bytes_max) return Error{"nDPI does not start"};
  const unsigned count = std::min(call.count(module), protocols_max);
  for (unsigned n = 1; n < count; n++)
    library->names_.push_back(plain(call.name(module, static_cast<uint16_t>(n))));
  const std::lock_guard lock(module_mutex());
  call.exit(module);
  return std::shared_ptr<const Ndpi>(std::move(library));
}

/** Stays loaded: its allocator and libgcrypt's state are the process's. */
Ndpi::~Ndpi() = default;

void* Ndpi::make_module() const {
  const std::lock_guard lock(module_mutex());
  void* const module = call_->init(no_tor_hosts);
  if (module == nullptr) return nullptr;
  Bitmask all;
  std::memset(&all, 0xff, sizeof all);
  call_->set_bitmask(module, &all);
  call_->finalize(module);
  return module;
}

Ndpi::Detector::Detector(std::shared_ptr<const Ndpi> library)
    : library_(std::move(library)), module_(library_->make_module()) {}

Ndpi::Detector::~Detector() {
  if (module_ == nullptr) return;
  const std::lock_guard lock(module_mutex());
  library_->call_->exit(module_);
}

uint16_t Ndpi::Detector::show(void* flow, Bytes packet, uint64_t time_ms) {
  if (module_ == nullptr) return 0;
  const Protocol found = library_->call_->process(module_, flow, packet.data(),
                                                  static_cast<unsigned short>(packet.size()), time_ms);
  const uint16_t number = found.app != 0 ? found.app : found.master;
  return number <= library_->names_.size() ? number : 0;
}

void Ndpi::Detector::end(void* flow) {
  library_->call_->free_flow(flow);
}

}  // namespace vmoat
