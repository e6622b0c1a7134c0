// Transforms of an observation before it is standardised: none | √(x + 3/8) (Anscombe 1948) | log(1 + x) | asinh x.
#pragma once

#include "alfi/choices.hpp"
#include "kernels/lanes/math.hpp"

namespace alfi::inline ALFI_ISA {

template <class F>
ALFI_HD F transformed(Transform transform, F x) {
  switch (transform) {
    case Transform::none:
      return x;
    case Transform::sqrt:
      return sqrt(x + 0.375f);
    case Transform::log1p:
      return log1p(x);
    case Transform::asinh:
      return asinh(x);
  }
  return x;
}

}  // namespace alfi::inline ALFI_ISA
