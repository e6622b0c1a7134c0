// A simulator at one θ of each lane: where its domain had to move θ, and its draws. Simulators of fixed sizes work on
// arrays of D and X numbers; those of any size read θ as they need it and hand their numbers on one by one, so that no
// array is indexed by what only the run knows.
#pragma once

#include "kernels/lanes/random.hpp"
#include "kernels/sim/list.hpp"
#include "kernels/team/team.hpp"

namespace alfi::inline ALFI_ISA {

/// Says whether a simulator has a way to draw many observations that vectors of lanes are better off with.
template <class Sim, class F>
constexpr bool draws_batches() {
  return LaneTraits<F>::width > 1 && requires { Sim::batch; };
}

/// Counts the observations that are drawn together.
template <class Sim, class F>
constexpr int group_of() {
  if constexpr (draws_batches<Sim, F>())
    return Sim::batch;
  else
    return Sim::group;
}

/// Says whether a simulator of fixed sizes has a domain of its own.
template <class Sim, class F>
constexpr bool has_domain() {
  return requires(Array<F, Sim::D> & theta) { Sim::template clamp<F>(theta); };
}

/// natural(d) is component d of θ in natural units; natural.limit(d, value) moves it to where it may be, if the
/// simulator has no domain of its own, and returns the lanes where it was elsewhere.
template <class Sim, class F, class Natural>
class SimulatorAt {
 public:
  ALFI_HD SimulatorAt(const Natural& natural, int) {
    Array<F, Sim::D> theta;
    ALFI_UNROLL
    for (int d = 0; d < Sim::D; ++d) theta[d] = natural(d);
    if constexpr (has_domain<Sim, F>()) {
      moved_ = Sim::template clamp<F>(theta);
    } else {
      moved_ = Mask<F>{};
      ALFI_UNROLL
      for (int d = 0; d < Sim::D; ++d) moved_ = moved_ | natural.limit(d, theta[d]);
    }
    law_ = Sim::template law<F>(theta);
  }

  /// Returns the lanes whose θ was outside the domain.
  ALFI_HD Mask<F> moved() const { return moved_; }

  /// Draws observations first … first + count − 1, where `first` is a multiple of Sim::group. emit(i, k, x) takes
  /// number k of observation first + i.
  template <class Emit>
  ALFI_HD void observe(const Stream<F>& stream, std::uint32_t first, int count, const Emit& emit) const {
    constexpr int group = group_of<Sim, F>();
    for (int begin = 0; begin < count; begin += group) {
      const int wanted = count - begin < group ? count - begin : group;
      const std::uint32_t number = first + static_cast<std::uint32_t>(begin);
      Array<Array<F, Sim::X>, group> drawn;
      if constexpr (draws_batches<Sim, F>())
        Sim::template observe_batch<F>(law_, stream, number, wanted, drawn);
      else
        Sim::template observe<F>(law_, stream, number, drawn);
      ALFI_UNROLL
      for (int i = 0; i < group; ++i) {
        if (i >= wanted) continue;
        ALFI_UNROLL
        for (int k = 0; k < Sim::X; ++k) emit(begin + i, k, drawn[i][k]);
      }
    }
  }

 private:
  Mask<F> moved_;
  typename Sim::template Law<F> law_;
};

template <class Sim, class F, class Natural>
requires(Sim::D == any_size) class SimulatorAt<Sim, F, Natural> {
 public:
  ALFI_HD SimulatorAt(const Natural& natural, int D) : natural_(natural), D_(D) {}

  ALFI_HD Mask<F> moved() const {
    Mask<F> moved{};
    for (int d = 0; d < D_; ++d) {
      F value = natural_(d);
      moved = moved | Sim::template clamp<F>(d, D_, value);
    }
    return moved;
  }

  template <class Emit>
  ALFI_HD void observe(const Stream<F>& stream, std::uint32_t first, int count, const Emit& emit) const {
    const auto theta = [&](int d) {
      F value = natural_(d);
      (void)Sim::template clamp<F>(d, D_, value);
      return value;
    };
    for (int begin = 0; begin < count; begin += Sim::group)
      Sim::template observe<F>(theta, D_, stream, first + static_cast<std::uint32_t>(begin), [&](int i, int k, F x) {
        if (begin + i < count) emit(begin + i, k, x);
      });
  }

 private:
  Natural natural_;
  int D_;
};

}  // namespace alfi::inline ALFI_ISA
