// libFuzzer's entry points. VMOAT_FUZZ_TARGET names the target; `--list` as the only argument prints all of
// them.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "fuzz/targets.h"

namespace {

vmoat::FuzzTarget chosen;

void list_targets() {
  for (const vmoat::FuzzTarget& target : vmoat::fuzz_targets()) std::puts(target.name.c_str());
  std::exit(0);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc == 2 && std::string_view((*argv)[1]) == "--list") list_targets();
  const char* wanted = std::getenv("VMOAT_FUZZ_TARGET");
  for (vmoat::FuzzTarget& target : vmoat::fuzz_targets())
    if (wanted && target.name == wanted) chosen = std::move(target);
  if (chosen.run) return 0;
  std::fprintf(stderr, "VMOAT_FUZZ_TARGET: no target %s\n", wanted ? wanted : "given");
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chosen.run({data, size});
  return 0;
}
