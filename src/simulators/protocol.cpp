#include "src/simulators/protocol.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "src/formats/printable.hpp"

namespace alfi {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t most_line = 1 << 16;

/// Returns the first line without its end; nothing where it is not yet whole.
std::optional<std::string_view> first_line(std::string_view got) {
  const std::size_t end = got.find('\n');
  if (end == got.npos && got.size() > most_line)
    throw Misbehaviour(fmt::format("wrote {} bytes without the end of a line: {}", got.size(), printable(got)));
  if (end == got.npos) return std::nullopt;
  return got.substr(0, end);
}

nlohmann::json object_of(std::string_view line, std::string_view expected) {
  nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) throw Misbehaviour(fmt::format("wrote {} where {} is expected", printable(line), expected));
  return object;
}

Misbehaviour too_much(std::size_t got, std::size_t expected) {
  return Misbehaviour(fmt::format("answered with {} bytes; {} are expected", got, expected));
}

}  // namespace

namespace frames {

std::string greeting(std::span<const std::string> parameters, int X) {
  const nlohmann::ordered_json words{{"alfi", 1}, {"parameters", parameters}, {"observation", X}};
  return words.dump() + "\n";
}

Conversation::Answer greeted() {
  return [](std::string_view got) {
    const auto line = first_line(got);
    if (!line) return false;
    const nlohmann::json words = object_of(*line, R"({"alfi": 1, "name": "…"})");
    if (words.value("alfi", nlohmann::json()) != 1)
      throw Misbehaviour(fmt::format("greeted with {} instead of {{\"alfi\": 1, …}}", printable(*line)));
    if (got.size() > line->size() + 1) throw too_much(got.size(), line->size() + 1);
    return true;
  };
}

std::string question(std::int64_t id, const SimulatorBatch& batch) {
  std::string text = fmt::format("{{\"id\": {}, \"parameters\": {}, \"observations\": {}, \"seed\": {}}}\n", id,
                                 batch.parameters, batch.observations, batch.seed);
  const std::size_t head = text.size();
  text.resize(head + batch.theta.size_bytes());
  std::memcpy(text.data() + head, batch.theta.data(), batch.theta.size_bytes());
  return text;
}

Conversation::Answer answer(std::int64_t id, const SimulatorBatch& batch) {
  return [id, x = batch.x, head = std::size_t{0}](std::string_view got) mutable {
    if (head == 0) {
      const auto line = first_line(got);
      if (!line) return false;
      const nlohmann::json words = object_of(*line, fmt::format("{{\"id\": {}}}", id));
      if (words.value("id", nlohmann::json()) != id)
        throw Misbehaviour(fmt::format("answered {} to question {}", printable(*line), id));
      if (const auto error = words.find("error"); error != words.end())
        throw Refusal(error->is_string() ? error->get<std::string>() : error->dump());
      head = line->size() + 1;
    }
    if (got.size() > head + x.size_bytes()) throw too_much(got.size() - head, x.size_bytes());
    if (got.size() < head + x.size_bytes()) return false;
    std::memcpy(x.data(), got.data() + head, x.size_bytes());
    return true;
  };
}

}  // namespace frames

namespace csv {

std::string question(const SimulatorBatch& batch) {
  const std::size_t D = batch.theta.size() / static_cast<std::size_t>(batch.parameters);
  std::string text;
  for (std::uint32_t p = 0; p < static_cast<std::uint32_t>(batch.parameters); ++p) {
    for (const float value : batch.theta.subspan(p * D, D)) fmt::format_to(std::back_inserter(text), "{},", value);
    const std::uint32_t seed = (batch.seed + p * 2654435761U) % (1U << 31);  // an odd factor: all are different
    fmt::format_to(std::back_inserter(text), "{},{}\n", batch.observations, seed);
  }
  return text;
}

/// Reads a number from the front of a text, and returns where it ends; null where there is none. What is too small for
/// a float is 0, what is too large infinite, and NA, as R has it, no number.
const char* read_number(const char* place, const char* end, float& number) {
  if (std::string_view(place, end).starts_with("NA") && !std::string_view(place, end).starts_with("NAN")) {
    number = std::numeric_limits<float>::quiet_NaN();
    return place + 2;
  }
  double wide = 0;
  const auto [stop, error] = std::from_chars(place, end, wide);
  if (error == std::errc::invalid_argument) return nullptr;
  if (error == std::errc::result_out_of_range) wide = std::strtod(std::string(place, stop).c_str(), nullptr);
  number = static_cast<float>(wide);
  return stop;
}

Conversation::Answer answer(const SimulatorBatch& batch) {
  const std::size_t rows = static_cast<std::size_t>(batch.parameters) * static_cast<std::size_t>(batch.observations);
  return [x = batch.x, X = batch.x.size() / rows, at = std::size_t{0},
          number = std::size_t{0}](std::string_view got) mutable {
    while (const auto line = first_line(got.substr(at))) {
      if (number == x.size())
        throw Misbehaviour(fmt::format("answered with more than {} lines: {}", x.size() / X, printable(*line)));
      const char *place = line->data(), *const end = place + line->size();
      for (std::size_t k = 0; k < X; ++k) {
        if (k > 0 && place != end && *place == ',') ++place;
        while (place != end && *place == ' ') ++place;
        const char* const stop = read_number(place, end, x[number]);
        if (stop == nullptr)
          throw Misbehaviour(
              fmt::format("wrote {} where {} numbers are expected, with commas between", printable(*line), X));
        place = stop;
        ++number;
      }
      while (place != end && (*place == ' ' || *place == '\r')) ++place;
      if (place != end) throw Misbehaviour(fmt::format("wrote {} where {} numbers are expected", printable(*line), X));
      at += line->size() + 1;
    }
    if (number == x.size() && at < got.size())
      throw Misbehaviour(fmt::format("answered with more than {} lines: {}", x.size() / X, printable(got.substr(at))));
    return number == x.size();
  };
}

}  // namespace csv
}  // namespace alfi
