// Choice of the processor that a configuration runs on.
#pragma once

#include <memory>
#include <string>

#include "alfi/configuration.hpp"
#include "src/backends/processor.hpp"
#include "src/model/plan.hpp"

namespace alfi {

/// Makes the processor a configuration asks for. Backend `automatic` takes the CUDA device where there is one that
/// works, else the CPU, with `waiting` threads more that are mostly waited in. Throws RunError where what is asked for
/// was not built or is not there.
std::unique_ptr<Processor> make_processor(const Configuration::Engine& engine, int waiting = 0);
/// Makes the processor of a plan's engine, for its simulator.
std::unique_ptr<Processor> make_processor(const Plan& plan);

}  // namespace alfi
