// fuzz_seeds DIRECTORY: writes the samples of the recognisers' tests as seeds, DIRECTORY/app-NAME/SAMPLE.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "apps/samples.h"

namespace {

namespace fs = std::filesystem;

std::string file_name(std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '-';
  return name;
}

bool write(const fs::path& folder, const vmoat::Sample& sample) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  std::ofstream file(folder / file_name(sample.name), std::ios::binary);
  file << vmoat::write_opening(vmoat::opening_of(sample));
  return file.flush().good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: fuzz_seeds DIRECTORY\n"), 2;
  const fs::path root = argv[1];
  size_t written = 0, failed = 0;
  vmoat::each_sample([&](const vmoat::Application& app, const vmoat::Sample& sample) {
    (write(root / ("app-" + std::string(app.name)), sample) ? written : failed)++;
  });
  std::printf("%zu seeds written, %zu failed\n", written, failed);
  return failed == 0 ? 0 : 1;
}
