#include "src/formats/json_text.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alfi/error.hpp"
#include "src/formats/printable.hpp"

namespace alfi {

std::string json_text(std::string_view text) try {
  return nlohmann::json(text).dump();
} catch (const nlohmann::json::type_error&) {
  throw InputError(fmt::format("{} is not UTF-8", printable(text)));
}

std::string json_text(double number) { return nlohmann::json(number).dump(); }

JsonObject& JsonObject::add(std::string_view name, const std::string& value) {
  if (text_.size() > 1) text_ += ',';
  text_ += json_text(name) + ':' + value;
  return *this;
}

}  // namespace alfi
