// JSON as text, written piece by piece. Trees of the JSON library take memory where they are freed: a program that has
// none is ended there, and with it a training.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace alfi {

/// Writes a text in quotes. Throws InputError where it is not UTF-8.
std::string json_text(std::string_view text);
/// Writes a number in the fewest digits that read back as an equal one; null of what is not finite.
std::string json_text(double number);
std::string json_text(std::integral auto number) { return std::to_string(number); }

/// Writes [1,2] of texts of JSON.
template <class Values>
std::string json_array(const Values& values) {
  std::string text = "[";
  for (const auto& value : values) text += (text.size() > 1 ? "," : "") + json_text(value);
  return text + "]";
}

/// An object that is written name by name.
class JsonObject {
 public:
  /// Adds a name and its value, which is text of JSON.
  JsonObject& add(std::string_view name, const std::string& value);
  std::string text() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

}  // namespace alfi
