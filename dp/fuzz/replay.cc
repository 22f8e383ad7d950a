// fuzz_replay DIRECTORY: runs every file of DIRECTORY/TARGET through its target, in any build. Exit 1 when a
// target has no corpus or a folder no target.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "fuzz/targets.h"

namespace {

namespace fs = std::filesystem;

size_t replay(const vmoat::FuzzTarget& target, const fs::path& folder) {
  size_t count = 0;
  if (!fs::is_directory(folder)) return count;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    target.run({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    count++;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: fuzz_replay DIRECTORY\n"), 2;
  const fs::path root = argv[1];
  std::set<std::string> names;
  size_t inputs = 0, faults = 0;
  for (const vmoat::FuzzTarget& target : vmoat::fuzz_targets()) {
    names.insert(target.name);
    const size_t count = replay(target, root / target.name);
    if (count == 0) faults++, std::fprintf(stderr, "%s: no corpus\n", target.name.c_str());
    inputs += count;
  }
  for (const auto& entry : fs::directory_iterator(root))
    if (!names.contains(entry.path().filename()))
      faults++, std::fprintf(stderr, "%s: no such target\n", entry.path().filename().c_str());
  std::printf("%zu inputs of %zu targets replayed\n", inputs, names.size());
  return faults == 0 ? 0 : 1;
}
