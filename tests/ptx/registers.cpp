#include "tests/ptx/registers.hpp"

#include <cctype>
#include <cstddef>

#include "tests/ptx/scanner.hpp"

namespace alfi::test::ptx {

namespace {
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
}  // namespace

Place Registers::take(int bytes) {
  constexpr std::uint32_t cache_line = 64;
  if (bytes != 0) kernel_.file_bytes = (kernel_.file_bytes + cache_line - 1) / cache_line * cache_line;
  const Place place = kernel_.file_bytes;
  kernel_.file_bytes += bytes == 0 ? 4 : static_cast<std::uint32_t>(bytes * warp_lanes);
  return place;
}

Place Registers::special(Place& place, int bytes) {
  if (place == no_place) place = take(bytes);
  return place;
}

Place Registers::constant(std::uint64_t value, int bytes) {
  const auto [known, fresh] = constants_.try_emplace({value, bytes}, 0);
  if (fresh) {
    known->second = take(bytes);
    kernel_.constants.push_back({known->second, bytes, value});
  }
  return known->second;
}

void Registers::declare(const std::string& statement) {
  const std::size_t type = statement.find('.', 4) + 1, space = statement.find(' ', type);
  const std::string width = statement.substr(type, space - type);
  const int bytes = width == "pred" ? 0 : std::stoi(width.substr(1)) / 8;
  for (const std::string& name : operands_of(statement.substr(space))) {
    if (const std::size_t angle = name.find('<'); angle != std::string::npos)
      numbered_[name.substr(0, angle)] = bytes;
    else
      known_[name] = {take(bytes), bytes};
  }
}

const Register& Registers::named(const std::string& name) {
  if (const auto known = known_.find(name); known != known_.end()) return known->second;
  std::size_t digits = name.size();
  while (digits > 0 && is_digit(name[digits - 1])) --digits;
  const auto declared = numbered_.find(name.substr(0, digits));
  if (declared == numbered_.end() || digits == name.size()) fail("no such register: " + name);
  return known_[name] = {take(declared->second), declared->second};
}

Place Registers::integer(const std::string& text, Literal literal, int bytes) {
  const bool negative = text[0] == '-';
  const std::uint64_t size = std::stoull(text.substr(negative ? 1 : 0), nullptr, 0), value = negative ? 0 - size : size;
  if (literal == Literal::floating) fail("an integer where a number with a point is meant: " + text);
  if (literal == Literal::predicate) return constant(value == 0 ? 0 : all_lanes, 0);
  return constant(bytes == 8 ? value : value & ((std::uint64_t{1} << (8 * bytes)) - 1), bytes);
}

Place Registers::source(const std::string& text, Literal literal, int bytes) {
  if (is_declared(text)) return named(text).at;
  if (text == "%tid.x") return special(kernel_.thread_id);
  if (text == "%ctaid.x") return special(kernel_.block_id);
  if (text == "%laneid") return special(kernel_.lane_id);
  if (text[0] == '%') return named(text).at;
  if (text.starts_with("0f")) return constant(std::stoull(text.substr(2), nullptr, 16), 4);
  if (text.starts_with("0d")) return constant(std::stoull(text.substr(2), nullptr, 16), 8);
  if (is_digit(text[0]) || text[0] == '-') return integer(text, literal, bytes);
  if (text.find("_param_") != std::string::npos) return constant(0, bytes);
  if (is_shared_array(text)) return constant(shared_begin, bytes);
  if (text == kernel_.local_array && bytes == 8) return special(kernel_.local_address, bytes);
  fail("no such operand: " + text);
}

}  // namespace alfi::test::ptx
