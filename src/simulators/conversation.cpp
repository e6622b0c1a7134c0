#include "src/simulators/conversation.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "src/formats/printable.hpp"

namespace alfi {
namespace {

constexpr int look_up = 50;          // milliseconds after which given_up is looked at
constexpr int time_to_end = 200;     // milliseconds in which a program that closed its pipes ends, if it does
constexpr int most_log_pieces = 16;  // read at once, of a program that never stops to complain

/// Keeps a write to a pipe without a reader from ending this process, whatever that has done about SIGPIPE.
class QuietPipes {
 public:
  QuietPipes() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  QuietPipes(const QuietPipes&) = delete;
  QuietPipes& operator=(const QuietPipes&) = delete;
  ~QuietPipes() {
    if (::sigismember(&before_, SIGPIPE) == 0) {
      const timespec at_once{};
      if (broken) ::sigtimedwait(&pipe_, nullptr, &at_once);
      ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
  }
  bool broken = false;

 private:
  sigset_t pipe_, before_;
};

bool again() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

void Conversation::ask(std::string_view question, const Answer& answer) {
  got_.clear();
  if (read())
    throw Misbehaviour(fmt::format("wrote {} bytes that it was not asked for: {}", got_.size(), printable(got_)));
  Clock::time_point deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(limit_);
  for (;;) {
    const std::size_t left = question.size();
    if (!question.empty()) question = write(question);
    const bool heard = read();
    read_log();
    if (heard && answer(got_)) {
      if (!question.empty()) throw Misbehaviour("answered before it had read the question");
      return;
    }
    if (ended_ && !heard) throw instead("ended");
    if (out_closed_)
      throw instead(got_.empty() ? "closed its standard output" : "closed its standard output within an answer");
    if (heard || question.size() < left)
      deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(limit_);
    else
      wait(!question.empty(), deadline);
  }
}

std::string_view Conversation::write(std::string_view question) {
  QuietPipes quiet;
  while (!question.empty()) {
    const ssize_t written = ::write(child_.in(), question.data(), question.size());
    if (written < 0) {
      if (again()) break;
      quiet.broken = errno == EPIPE;
      throw instead("closed its standard input");
    }
    question.remove_prefix(static_cast<std::size_t>(written));
  }
  return question;
}

bool Conversation::read() {
  const ssize_t got = ::read(child_.out(), piece_.data(), piece_.size());
  if (got > 0) got_.append(piece_.data(), static_cast<std::size_t>(got));
  out_closed_ = got == 0 || (got < 0 && !again());
  return got > 0;
}

void Conversation::read_log() {
  char words[4096];
  for (int i = 0; i < most_log_pieces; ++i) {
    const ssize_t got = ::read(child_.err(), words, sizeof words);
    err_closed_ = got == 0;
    if (got <= 0) return;
    log_.add({words, static_cast<std::size_t>(got)});
  }
}

void Conversation::wait(bool writing, Clock::time_point deadline) {
  if (given_up_()) throw NoLongerWanted();
  if (Clock::now() >= deadline)
    throw Misbehaviour(fmt::format("was silent for {:g} s, after {} bytes of an answer", limit_.count(), got_.size()));
  pollfd files[] = {{child_.out(), POLLIN, 0},
                    {err_closed_ ? -1 : child_.err(), POLLIN, 0},
                    {child_.end(), POLLIN, 0},
                    {writing ? child_.in() : -1, POLLOUT, 0}};
  ::poll(files, 4, look_up);
  ended_ = files[2].revents != 0;
}

Misbehaviour Conversation::instead(const std::string& words) {
  pollfd end{child_.end(), POLLIN, 0};
  ::poll(&end, 1, time_to_end);
  read_log();
  const std::string ending = child_.ending();
  return Misbehaviour(ending.empty() ? words
                      : got_.empty() ? ending
                                     : fmt::format("{} after {} bytes of an answer", ending, got_.size()));
}

}  // namespace alfi
