// A simulator at one θ of each lane: where its domain had to move θ, and its draws. Simulators of fixed sizes work on
// arrays of D and X numbers; those of any size read θ as they need it and hand their numbers on one by one, so that no
// array is indexed by what only the run knows.
#pragma once

#include "kernels/random.hpp"
#include "kernels/sim/list.hpp"
#include "kernels/team.hpp"

namespace alfi::inline ALFI_ISA {

/// natural(d) is component d of θ in natural units.
template <class Sim, class F, class Natural>
class SimulatorAt {
 public:
  ALFI_HD SimulatorAt(const Natural& natural, int) {
    Array<F, Sim::D> theta;
    ALFI_UNROLL
    for (int d = 0; d < Sim::D; ++d) theta[d] = natural(d);
    moved_ = Sim::template clamp<F>(theta);
    law_ = Sim::template law<F>(theta);
  }

  /// Where θ was outside the domain.
  ALFI_HD Mask<F> moved() const { return moved_; }

  /// Observations first … first + group − 1: emit(i, k, x) takes number k of observation first + i.
  template <class Emit>
  ALFI_HD void observe(const Stream<F>& stream, std::uint32_t first, const Emit& emit) const {
    Array<Array<F, Sim::X>, Sim::group> drawn;
    Sim::template observe<F>(law_, stream, first, drawn);
    ALFI_UNROLL
    for (int i = 0; i < Sim::group; ++i) {
      ALFI_UNROLL
      for (int k = 0; k < Sim::X; ++k) emit(i, k, drawn[i][k]);
    }
  }

 private:
  Mask<F> moved_;
  typename Sim::template Law<F> law_;
};

template <class Sim, class F, class Natural>
  requires(Sim::D == any_size)
class SimulatorAt<Sim, F, Natural> {
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
  ALFI_HD void observe(const Stream<F>& stream, std::uint32_t first, const Emit& emit) const {
    const auto theta = [&](int d) {
      F value = natural_(d);
      (void)Sim::template clamp<F>(d, D_, value);
      return value;
    };
    Sim::template observe<F>(theta, D_, stream, first, emit);
  }

 private:
  Natural natural_;
  int D_;
};

}  // namespace alfi::inline ALFI_ISA
