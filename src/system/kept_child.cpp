#include "src/system/kept_child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "alfi/error.hpp"

namespace alfi {
namespace {

constexpr int grace = 500;              // milliseconds that a program has to end by itself
constexpr int most_wait = 2000;         // milliseconds that the keeper waits for what it has killed
constexpr int first_high_file = 64;     // above the numbers that the keeper gives its files
constexpr int numbers_of_signals = 64;  // of Linux

/// A message of the keeper: first the error of starting the program or 0, then the status it ended with.
using Message = int;

/// A pipe, or a pair of sockets, whose writer no signal ends.
struct Pipe {
  int read = -1, write = -1;

  enum Kind { pipe, sockets };
  explicit Pipe(Kind kind = pipe) {
    int ends[2];
    if ((kind == pipe ? ::pipe2(ends, O_CLOEXEC) : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) != 0)
      throw RunError(fmt::format("a program cannot be started: {}", std::strerror(errno)));
    read = ends[0];
    write = ends[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    if (read >= 0) ::close(read);
    if (write >= 0) ::close(write);
  }
};

// The keeper. A fork of a process with threads may call nothing that could wait for one of them: no memory is taken and
// no stream is written from here on.

struct KeeperFiles {
  int in, out, err, life, status;
};

[[noreturn]] void become_program(const KeeperFiles& files, char* const* command, int failure) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number = 1; number <= numbers_of_signals; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(files.in, STDIN_FILENO);
  ::dup2(files.out, STDOUT_FILENO);
  ::dup2(files.err, STDERR_FILENO);
  ::execvp(command[0], command);
  const Message error = errno;
  (void)!::write(failure, &error, sizeof error);
  ::_exit(127);
}

/// Starts the program, tells the outcome, and returns its id; ends the keeper where there is none.
pid_t start_program(const KeeperFiles& files, char* const* command) {
  int failure[2];
  Message error = 0;
  pid_t program = -1;
  if (::pipe2(failure, O_CLOEXEC) == 0) program = ::fork();
  if (program == 0) become_program(files, command, failure[1]);
  if (program < 0) error = errno;
  ::close(failure[1]);
  for (const int file : {files.in, files.out, files.err}) ::close(file);
  if (program > 0)
    while (::read(failure[0], &error, sizeof error) < 0 && errno == EINTR) continue;  // nothing where it started
  ::close(failure[0]);
  (void)!::write(files.status, &error, sizeof error);
  if (error != 0) ::_exit(1);
  return program;
}

/// Takes the ends of all children that have ended. Sets `status` where the program is one of them, and says whether
/// there are any children left.
bool reap(pid_t program, bool& ended, Message& status) {
  for (;;) {
    int one = 0;
    const pid_t child = ::waitpid(-1, &one, WNOHANG);
    if (child < 0) return errno == EINTR;
    if (child == 0) return true;
    if (child != program) continue;
    ended = true;
    status = one;
  }
}

/// Kills the children, who are the program and what it left behind.
void kill_children() {
  const int list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (list < 0) return;
  char text[4096];
  const ssize_t size = ::read(list, text, sizeof text);
  ::close(list);
  pid_t child = 0;
  for (ssize_t i = 0; i < size; ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      child = child * 10 + (text[i] - '0');
    } else {
      if (child > 0) ::kill(child, SIGKILL);
      child = 0;
    }
  }
}

[[noreturn]] void keep(KeeperFiles files, char* const* command) {
  ::setsid();  // Ctrl-C on a terminal is for our maker
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(number, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  int* const all[] = {&files.in, &files.out, &files.err, &files.life, &files.status};
  for (int* const file : all) *file = ::fcntl(*file, F_DUPFD_CLOEXEC, first_high_file);
  int next = STDERR_FILENO;
  for (int* const file : all) *file = ::dup3(*file, ++next, O_CLOEXEC);
  ::close_range(static_cast<unsigned>(next + 1), ~0U, 0);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, file);

  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &ends, nullptr);
  ::signal(SIGCHLD, SIG_DFL);
  const int child_ends = ::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
  const pid_t program = start_program(files, command);

  bool ended = false;
  Message status = 0;
  const auto wait_for = [&](int file, int milliseconds) {  // until that can be read from, or a child ends
    pollfd polled[] = {{child_ends, POLLIN, 0}, {file, POLLIN, 0}};
    const int ready = ::poll(polled, 2, milliseconds);
    signalfd_siginfo information;
    while (::read(child_ends, &information, sizeof information) > 0) continue;
    reap(program, ended, status);
    return ready > 0 && polled[1].revents != 0;
  };
  while (!ended && !wait_for(files.life, -1)) continue;
  char word;
  if (!ended && ::read(files.life, &word, 1) == 0)  // the pipe's end; a word in it says that there is no time
    for (int waited = 0; !ended && waited < grace; waited += 10) wait_for(-1, 10);
  ::kill(-program, SIGKILL);
  for (int waited = 0; reap(program, ended, status) && waited < most_wait; ++waited) {
    kill_children();  // again and again: killing one makes orphans of its own children, who come to us
    wait_for(-1, 1);
  }
  (void)!::write(files.status, &status, sizeof status);
  ::_exit(0);
}

}  // namespace

KeptChild::KeptChild(const std::vector<std::string>& command) {
  std::vector<std::string> texts = command;
  std::vector<char*> words;
  for (std::string& text : texts) words.push_back(text.data());
  words.push_back(nullptr);
  Pipe in, out, err, life(Pipe::sockets), status;
  keeper_ = ::fork();
  if (keeper_ < 0) throw RunError(fmt::format("{}: cannot be started: {}", command.front(), std::strerror(errno)));
  if (keeper_ == 0) keep({in.read, out.write, err.write, life.read, status.write}, words.data());
  ::close(std::exchange(status.write, -1));
  Message error = 0;
  ssize_t got = 0;
  while ((got = ::read(status.read, &error, sizeof error)) < 0 && errno == EINTR) continue;
  if (got != sizeof error || error != 0) {
    wait();
    throw InputError(fmt::format("{}: cannot be started: {}", command.front(),
                                 got == sizeof error ? std::strerror(error) : "its keeper died"));
  }
  in_ = std::exchange(in.write, -1);
  out_ = std::exchange(out.read, -1);
  err_ = std::exchange(err.read, -1);
  life_ = std::exchange(life.write, -1);
  status_ = std::exchange(status.read, -1);
  for (const int file : {in_, out_, err_, status_}) ::fcntl(file, F_SETFL, O_NONBLOCK);
}

KeptChild::~KeptChild() {
  let_go();
  wait();
  for (const int file : {out_, err_, status_}) ::close(file);
}

std::string KeptChild::ending() {
  Message status = 0;
  if (ending_.empty() && ::read(status_, &status, sizeof status) == sizeof status)
    ending_ = WIFSIGNALED(status)
                  ? fmt::format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)))
                  : fmt::format("ended with exit code {}", WEXITSTATUS(status));
  return ending_;
}

void KeptChild::let_go() {
  for (int* const file : {&in_, &life_})
    if (*file >= 0) ::close(std::exchange(*file, -1));
}

void KeptChild::kill() {
  if (life_ >= 0) ::send(life_, "k", 1, MSG_NOSIGNAL);
  let_go();
  wait();
}

void KeptChild::wait() {
  while (keeper_ > 0 && ::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) continue;
  keeper_ = 0;
}

}  // namespace alfi
