// A parameter as a machine sees it.
#pragma once

#include "alfi/choices.hpp"

namespace alfi {

/// Units of a parameter, which is standardised by its prior: (θ − mean) / deviation.
struct ParameterUnits {
  Prior prior;
  float mean, deviation;  ///< of the prior, natural units
};

}  // namespace alfi
