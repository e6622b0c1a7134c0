#include "src/model/checkpoint.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <string>

#include "alfi/error.hpp"
#include "src/formats/safetensors.hpp"
#include "src/model/parameters.hpp"
#include "src/model/simulator_of_run.hpp"
#include "src/system/folder.hpp"

namespace alfi {
namespace {

constexpr const char* format_name = "alfi-checkpoint";
constexpr int format_version = 1;

/// The sets of weights a checkpoint holds, by the prefix of their tensors' names.
template <class State>
auto arrays_of(State& state) {
  return std::vector{std::pair{std::string(), &state.weights}, std::pair{std::string("ema."), &state.average},
                     std::pair{std::string("adam.m."), &state.first_moment},
                     std::pair{std::string("adam.v."), &state.second_moment}};
}

std::int64_t whole_number(const SafeTensors& content, const std::string& key) {
  const std::string& text = content.metadata_at(key);
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    throw InputError(fmt::format("{}: metadata {} = '{}' must be a whole number ≥ 0", content.source, key, text));
  return value;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  SafeTensors content;
  for (const auto& [prefix, array] : arrays_of(checkpoint.state))
    add_weights(content, prefix, checkpoint.plan.layout, *array);
  const auto X = static_cast<std::int64_t>(checkpoint.normalisation.mean.size());
  content.tensors["normalisation.mean"] = Tensor::of<float>({X}, checkpoint.normalisation.mean);
  content.tensors["normalisation.scale"] = Tensor::of<float>({X}, checkpoint.normalisation.scale);
  content.metadata = {{"format", format_name},
                      {"version", std::to_string(format_version)},
                      {"step", std::to_string(checkpoint.step)},
                      {"updates", std::to_string(checkpoint.state.updates)},
                      {"skipped", std::to_string(checkpoint.state.skipped)},
                      {"configuration", to_yaml(checkpoint.plan.configuration)}};
  if (const std::string fingerprint = fingerprint_of(checkpoint.plan); !fingerprint.empty())
    content.metadata["simulator"] = fingerprint;
  create_folders(path.parent_path());
  write_checksummed(path, content);
}

Checkpoint read_checkpoint(const std::filesystem::path& path, const std::filesystem::path& simulator) {
  return checkpoint_from(read_checksummed(path), simulator);
}

Checkpoint checkpoint_from(const SafeTensors& content, const std::filesystem::path& simulator) {
  if (const auto format = content.metadata.find("format");
      format == content.metadata.end() || format->second != format_name)
    throw InputError(
        fmt::format("{}: not a checkpoint of alfi: metadata format must be '{}'", content.source, format_name));
  if (const std::int64_t version = whole_number(content, "version"); version != format_version)
    throw InputError(fmt::format("{}: format version {} was written by another version of alfi; this one reads {}",
                                 content.source, version, format_version));
  const std::string& yaml = content.metadata_at("configuration");
  std::vector<std::string> overrides;
  if (const auto fingerprint = content.metadata.find("simulator"); fingerprint != content.metadata.end())
    overrides = find_simulator_of_run(
        yaml, fingerprint->second, {std::filesystem::absolute(content.source).parent_path().parent_path(), simulator});
  Checkpoint checkpoint{parse_configuration(yaml, overrides), {}, {}};
  checkpoint.step = whole_number(content, "step");
  checkpoint.state.updates = whole_number(content, "updates");
  checkpoint.state.skipped = whole_number(content, "skipped");
  for (const auto& [prefix, array] : arrays_of(checkpoint.state))
    *array = read_weights(content, prefix, checkpoint.plan.layout);
  const int X = checkpoint.plan.shape.X;
  checkpoint.normalisation.mean = content.values<float>("normalisation.mean", {X});
  checkpoint.normalisation.scale = content.values<float>("normalisation.scale", {X});
  return checkpoint;
}

std::filesystem::path checkpoint_path(const std::filesystem::path& run, std::int64_t step) {
  return run / "checkpoints" / fmt::format("step-{}.safetensors", step);
}

std::vector<std::filesystem::path> checkpoints_of(const std::filesystem::path& run) {
  std::map<std::int64_t, std::filesystem::path> by_step;
  const std::filesystem::path folder = run / "checkpoints";
  for (const std::filesystem::path name : names_in(folder)) {
    const std::string stem = name.stem().string();
    std::int64_t step = 0;
    if (name.extension() != ".safetensors" || !stem.starts_with("step-")) continue;
    const auto [end, error] = std::from_chars(stem.data() + 5, stem.data() + stem.size(), step);
    if (error == std::errc() && end == stem.data() + stem.size()) by_step[step] = folder / name;
  }
  std::vector<std::filesystem::path> paths;
  for (auto& [step, path] : by_step) paths.push_back(std::move(path));
  return paths;
}

Checkpoint read_newest(const std::vector<std::filesystem::path>& saved, const std::filesystem::path& simulator) try {
  return read_checkpoint(saved.back(), simulator);
} catch (const InputError& error) {
  if (saved.size() < 2) throw;
  const std::filesystem::path& before = saved[saved.size() - 2];
  try {
    (void)read_checkpoint(before, simulator);
  } catch (const InputError&) {
    throw error;  // it is not this file that is at fault
  }
  throw InputError(fmt::format("{}. Remove it and {} is used", error.what(), before.string()));
}

Checkpoint read_newest_of(const std::filesystem::path& path, const std::filesystem::path& simulator) {
  std::error_code hidden;
  const std::filesystem::file_status status = std::filesystem::status(path, hidden);
  if (status.type() == std::filesystem::file_type::none)
    throw InputError(fmt::format("cannot read {}: {}", path.string(), hidden.message()));
  if (!std::filesystem::exists(status))
    throw InputError(fmt::format("{}: does not exist; a run folder or a checkpoint is expected", path.string()));
  if (!std::filesystem::is_directory(status)) return read_checkpoint(path, simulator);
  const std::vector<std::filesystem::path> saved = checkpoints_of(path);
  if (saved.empty())
    throw InputError(
        fmt::format("{}: no run folder with a checkpoint (checkpoints/step-N.safetensors)", path.string()));
  return read_newest(saved, simulator);
}

}  // namespace alfi
