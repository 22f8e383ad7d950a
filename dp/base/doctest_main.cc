// The main function of every C++ test program. However it ends, SIGKILL included, what its tests made outside
// of it and named after its process is removed by another one, which waits for that.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

namespace {

namespace fs = std::filesystem;

/** "vmt-", whatever follows, and somewhere in it the number alone. */
bool is_named_after(const std::string& name, const std::string& process) {
  const size_t at = name.find("-" + process, name.starts_with("vmt-") ? 3 : name.size());
  const size_t behind = at == name.npos ? at : at + 1 + process.size();
  return behind != name.npos && (behind == name.size() || name[behind] < '0' || name[behind] > '9');
}

/** Network namespaces, pinned objects, files. */
void remove_what_it_left(const std::string& process) {
  std::error_code ignored;
  for (const char* folder : {"/run/netns", "/sys/fs/bpf", "/tmp"})
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      if (!is_named_after(entry.path().filename(), process)) continue;
      ::umount2(entry.path().c_str(), MNT_DETACH);
      fs::remove_all(entry.path(), ignored);
    }
}

/** Returns when all who have the other end of this pipe are gone. */
void wait_for_end_of(int pipe) {
  char nothing;
  while (::read(pipe, &nothing, 1) < 0 && errno == EINTR) {
  }
}

void leave_a_cleaner() {
  int ends[2];
  const std::string process = std::to_string(::getpid());
  if (::pipe2(ends, O_CLOEXEC) != 0 || ::fork() != 0) return;
  ::setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
  ::close(ends[1]);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0) ::_exit(1);
  for (const int output : {0, 1, 2}) ::dup2(nowhere, output);  // nobody shall wait for what we say
  wait_for_end_of(ends[0]);
  remove_what_it_left(process);
  ::_exit(0);
}

}  // namespace

int main(int count, char** arguments) {
  leave_a_cleaner();
  return doctest::Context(count, arguments).run();
}
