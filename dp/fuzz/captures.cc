// fuzz_captures PATH…: runs every capture file below the paths through the offline engine, for what a
// sanitizer says of it. Whatever a file holds, the engine has to survive. `fuzz_captures --leak` loses memory
// on purpose: that proves that the detector is awake.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/offline.h"

namespace {

namespace fs = std::filesystem;

struct Sum {
  size_t files = 0, broken = 0, refused = 0;
  uint64_t frames = 0, flows = 0;
};

bool is_capture(const fs::path& path) {
  const std::string name = path.filename();
  return name.find(".pcap") != std::string::npos || name.find(".cap") != std::string::npos;
}

void run(const fs::path& file, Sum& sum) {
  sum.files++;
  const auto done = vmoat::run_offline(file, {}, [](vmoat::Bytes) {});
  if (!done) {
    sum.refused++;
    return;
  }
  sum.frames += done->frames;
  sum.flows += done->flows;
  if (done->broken) sum.broken++;
}

void run_below(const fs::path& path, Sum& sum) {
  if (fs::is_regular_file(path)) return run(path, sum);
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file() && is_capture(entry.path())) run(entry.path(), sum);
}

[[gnu::noinline]] void leak() {
  auto* lost = new std::vector<std::string>(1000, std::string(1000, 'x'));
  std::printf("%zu strings are lost\n", lost->size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: fuzz_captures PATH… | --leak\n"), 2;
  if (std::string_view(argv[1]) == "--leak") return leak(), 0;
  Sum sum;
  for (int i = 1; i < argc; i++) run_below(argv[i], sum);
  std::printf("%zu files, %llu frames, %llu flows; %zu broken, %zu no captures\n", sum.files,
              static_cast<unsigned long long>(sum.frames), static_cast<unsigned long long>(sum.flows),
              sum.broken, sum.refused);
  return sum.files > 0 ? 0 : 1;
}
