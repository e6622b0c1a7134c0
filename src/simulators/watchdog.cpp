#include "src/simulators/watchdog.hpp"

#include <fmt/format.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace alfi {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// A call of any function.
struct Call {
  const SimulatorFacts& facts;
  std::function<std::string(std::chrono::milliseconds limit)> where;  ///< begins with "; " or is empty
  Clock::time_point begun = Clock::now();
  bool told = false;
};

/// A call of `simulate`.
struct SimulateCall {
  const SimulatorFacts& facts;
  const HostSimulator& functions;
  const ObservationUnits<float>& units;
  const Simulation& simulation;
};

/// Says whether these parameters (count, D, 16) of a call return within the limit, in a process of their own.
bool returns(const SimulateCall& call, const std::vector<float>& theta, int first, std::chrono::milliseconds limit) {
  const Simulation& all = call.simulation;
  const int count = static_cast<int>(theta.size()) / all.D / tile_lanes, rows = count * all.count * tile_lanes;
  std::vector<float> x(static_cast<std::size_t>(rows * call.facts.observation.dimension));
  Simulation part = all;
  part.first_row += static_cast<std::uint32_t>(first);
  part.parameters = count;
  part.theta = theta.data();
  part.clamped = nullptr;
  part.use = nullptr;
  part.x = {x.data(), rows};
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGALRM, SIG_DFL);
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    ::sigprocmask(SIG_UNBLOCK, &alarms, nullptr);
    const itimerval timer{.it_interval = {}, .it_value = {limit.count() / 1000, limit.count() % 1000 * 1000}};
    ::setitimer(ITIMER_REAL, &timer, nullptr);
    call.functions.simulate(call.functions.context, call.units, part);
    ::_exit(0);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return !(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}

/// Returns θ, as the machine works with it, of the first lane that does not return; none where all do.
std::optional<std::vector<float>> endless(const SimulateCall& call, std::chrono::milliseconds limit) {
  const Simulation& all = call.simulation;
  const int lanes = all.D * tile_lanes;
  for (int m = 0; m < all.parameters; ++m) {
    const std::vector<float> theta(all.theta + m * lanes, all.theta + (m + 1) * lanes);
    if (returns(call, theta, m, limit)) continue;
    for (int lane = 0; lane < tile_lanes; ++lane) {
      std::vector<float> of_lane, alone;
      for (int d = 0; d < all.D; ++d) {
        of_lane.push_back(theta[static_cast<std::size_t>(d * tile_lanes + lane)]);
        alone.insert(alone.end(), tile_lanes, of_lane.back());
      }
      if (!returns(call, alone, m, limit)) return of_lane;
    }
    return std::vector<float>{};  // with these neighbours alone
  }
  return std::nullopt;
}

/// Returns the names and values of parameters in natural units.
std::string named(const SimulatorFacts& facts, std::span<const float> theta) {
  std::string text;
  for (std::size_t d = 0; d < theta.size(); ++d)
    text += fmt::format("{} {} = {:.6g}", d == 0 ? "" : ",",
                        static_cast<int>(d) < facts.parameter_count ? facts.parameters[d].name : "", theta[d]);
  return text;
}

std::string where_endless(const SimulateCall& call, std::chrono::milliseconds limit) {
  auto theta = endless(call, limit);
  if (!theta || theta->empty()) return {};
  for (std::size_t d = 0; d < theta->size(); ++d)
    (*theta)[d] = natural_of<float>(call.simulation.units[d], (*theta)[d]);
  return "; it does not return at" + named(call.facts, *theta);
}

void tell(const Call& call, double seconds, std::chrono::milliseconds limit) {
  const std::string text = fmt::format("alfi: warning: a call of the simulator {} has not returned for {:.3g} s{}\n",
                                       call.facts.name, seconds, call.where(limit));
  std::fputs(text.c_str(), stderr);
}

class Watchdog {
 public:
  static Watchdog& of_process() {
    static Watchdog watchdog;
    return watchdog;
  }

  long add(const Call& call) {
    const std::lock_guard guard(mutex_);
    if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
    calls_.emplace(++last_, call);
    return last_;
  }
  void remove(long number) {
    std::unique_lock lock(mutex_);
    examined_done_.wait(lock, [&] { return examined_ != number; });  // what the call refers to is used
    calls_.erase(number);
  }
  void set_limit(std::chrono::milliseconds limit) {
    const std::lock_guard guard(mutex_);
    limit_ = limit;
    limit_changed_ = true;
    changed_.notify_all();
  }

 private:
  void watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      changed_.wait_for(lock, stop, std::min<std::chrono::milliseconds>(limit_, 5s),
                        [this] { return std::exchange(limit_changed_, false); });
      const auto late = std::find_if(calls_.begin(), calls_.end(), [&](const auto& one) {
        return !one.second.told && Clock::now() - one.second.begun >= limit_;
      });
      if (late == calls_.end()) continue;
      late->second.told = true;
      examined_ = late->first;
      const Call call = late->second;
      const std::chrono::milliseconds limit = limit_;
      lock.unlock();
      tell(call, std::chrono::duration<double>(Clock::now() - call.begun).count(), limit);
      lock.lock();
      examined_ = 0;
      examined_done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::condition_variable examined_done_;
  long examined_ = 0;  ///< the call that is being told of, which waits for that; 0: none
  std::map<long, Call> calls_;
  long last_ = 0;
  std::chrono::milliseconds limit_ = 60s;
  bool limit_changed_ = false;
  std::jthread thread_;
};

/// Watches a call while it lives.
class Watch {
 public:
  explicit Watch(const Call& call) : number_(Watchdog::of_process().add(call)) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { Watchdog::of_process().remove(number_); }

 private:
  long number_;
};

}  // namespace

WatchedSimulator::WatchedSimulator(const SimulatorFacts& facts, const HostSimulator& functions)
    : facts_(facts), functions_(functions), watched_(functions) {
  watched_.context = this;
  watched_.simulate = [](const void* context, const ObservationUnits<float>& units, const Simulation& to) {
    const auto& own = *static_cast<const WatchedSimulator*>(context);
    const SimulateCall call{own.facts_, own.functions_, units, to};
    const Watch watch({own.facts_, [&call](std::chrono::milliseconds limit) { return where_endless(call, limit); }});
    own.functions_.simulate(own.functions_.context, units, to);
  };
  watched_.draw_sample = [](const void* context, const Sample& sample) {
    const auto& own = *static_cast<const WatchedSimulator*>(context);
    const auto where = [&](std::chrono::milliseconds) {
      return fmt::format("; it is asked for {} observations at{}", sample.count,
                         named(own.facts_, {sample.theta, static_cast<std::size_t>(sample.D)}));
    };
    const Watch watch({own.facts_, where});
    own.functions_.draw_sample(own.functions_.context, sample);
  };
  watched_.clamp = [](const void* context, float* theta, int D) {
    const HostSimulator& own = static_cast<const WatchedSimulator*>(context)->functions_;
    own.clamp(own.context, theta, D);
  };
  if (functions.log_likelihood == nullptr) return;
  watched_.log_likelihood = [](const void* context, const double* theta, const float* x, int count) {
    const HostSimulator& own = static_cast<const WatchedSimulator*>(context)->functions_;
    return own.log_likelihood(own.context, theta, x, count);
  };
}

void set_watchdog_limit(std::chrono::milliseconds limit) { Watchdog::of_process().set_limit(limit); }

}  // namespace alfi
