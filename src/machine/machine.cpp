#include "alfi/machine.hpp"

#include <utility>

#include "src/model/checkpoint.hpp"

namespace alfi {

const Checkpoint& checkpoint_of(const Machine& machine) { return *machine.checkpoint_; }

Machine::Machine(std::unique_ptr<const Checkpoint> checkpoint) : checkpoint_(std::move(checkpoint)) {}
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;
Machine::~Machine() = default;

Machine Machine::load(const std::filesystem::path& path, const std::filesystem::path& simulator) {
  return Machine(std::make_unique<const Checkpoint>(read_newest_of(path, simulator)));
}

const Configuration& Machine::configuration() const { return checkpoint_->plan.configuration; }

std::int64_t Machine::step() const { return checkpoint_->step; }

int Machine::default_iterations() const {
  const Configuration& c = configuration();
  return c.evaluation.iterations > 0 ? c.evaluation.iterations : c.episode.iterations;
}

}  // namespace alfi
