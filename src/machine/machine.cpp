#include "alfi/machine.hpp"

#include <fmt/format.h>

#include <utility>

#include "alfi/error.hpp"
#include "src/model/checkpoint.hpp"

namespace alfi {

const Checkpoint& checkpoint_of(const Machine& machine) { return *machine.checkpoint_; }

Machine::Machine(std::unique_ptr<const Checkpoint> checkpoint) : checkpoint_(std::move(checkpoint)) {}
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;
Machine::~Machine() = default;

Machine Machine::load(const std::filesystem::path& path, const std::filesystem::path& simulator) {
  std::error_code hidden;
  const std::filesystem::file_status status = std::filesystem::status(path, hidden);
  if (status.type() == std::filesystem::file_type::none)
    throw InputError(fmt::format("cannot read {}: {}", path.string(), hidden.message()));
  if (!std::filesystem::exists(status))
    throw InputError(fmt::format("{}: does not exist; a run folder or a checkpoint is expected", path.string()));
  if (std::filesystem::is_directory(path, hidden)) {
    const auto saved = checkpoints_of(path);
    if (saved.empty())
      throw InputError(
          fmt::format("{}: no run folder with a checkpoint (checkpoints/step-N.safetensors)", path.string()));
    return Machine(std::make_unique<const Checkpoint>(read_newest(saved, simulator)));
  }
  return Machine(std::make_unique<const Checkpoint>(read_checkpoint(path, simulator)));
}

const Configuration& Machine::configuration() const { return checkpoint_->plan.configuration; }

std::int64_t Machine::step() const { return checkpoint_->step; }

int Machine::default_iterations() const {
  const Configuration& c = configuration();
  return c.evaluation.iterations > 0 ? c.evaluation.iterations : c.episode.iterations;
}

}  // namespace alfi
