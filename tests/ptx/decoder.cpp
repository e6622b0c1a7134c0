#include "tests/ptx/decoder.hpp"

#include <algorithm>
#include <cstddef>

#include "tests/ptx/definitions.hpp"
#include "tests/ptx/handlers.hpp"
#include "tests/ptx/scanner.hpp"

namespace alfi::test::ptx {
namespace {

/// Finds a register and insists on its width; 0: a predicate.
Place register_of(Registers& registers, const std::string& name, int bytes) {
  const Register& found = registers.named(name);
  if (found.bytes != bytes)
    fail(name + " has " + std::to_string(8 * found.bytes) + " bits, not " + std::to_string(8 * bytes));
  return found.at;
}

Place source_of(Registers& registers, const std::string& text, Literal literal, int bytes) {
  if (registers.is_declared(text)) return register_of(registers, text, bytes);
  const Place place = registers.source(text, literal, bytes);
  return registers.is_declared(text) ? register_of(registers, text, bytes) : place;
}

void set_address(Instruction& instruction, const std::string& operand, Registers& registers) {
  if (!operand.starts_with('[')) fail("no address: " + operand);
  const std::string inside = operand.substr(1, operand.size() - 2);
  const std::size_t plus = inside.find('+');
  const std::string base = inside.substr(0, plus);
  if (plus != std::string::npos) instruction.offset = std::stoll(inside.substr(plus + 1));
  if (base.starts_with('%') || registers.is_declared(base)) {
    const Register& address = registers.named(base);
    instruction.base = address.at;
    instruction.wide_address = address.bytes == 8;
  } else if (registers.is_shared_array(base)) {
    instruction.offset += shared_begin;
  } else if (base.find("_param_") == std::string::npos) {
    fail("no such address: " + operand);
  }
}

void require(const Words& words, std::size_t operands) {
  if (words.operands.size() != operands) fail(std::to_string(operands) + " operands are expected");
}

/// Decodes ld.SPACE.TYPE, st.SPACE.v4.TYPE and so on.
Instruction decode_memory(const Words& words, Registers& registers) {
  require(words, 2);
  Instruction result;
  int count = 1;
  const bool loads = words.name.starts_with("ld.");
  std::string type = words.name;
  std::replace(type.begin(), type.end(), '.', ',');
  const std::vector<std::string> parts = operands_of(type);
  for (const std::string& part : parts) {
    if (part == "global") result.space = Space::global;
    if (part == "shared") result.space = Space::shared;
    if (part == "param") result.space = Space::parameter;
    if (part == "local") result.space = Space::local;
    if (part == "v2") count = 2;
    if (part == "v4") count = 4;
  }
  type = parts.back();
  const std::vector<std::string> numbers = members_of(words.operands[loads ? 0 : 1]);
  if (numbers.size() != static_cast<std::size_t>(count)) fail("a vector of another length");
  set_address(result, words.operands[loads ? 1 : 0], registers);
  int bytes = std::max(std::stoi(type.substr(1)) / 8, 2);  // bytes of a literal
  for (const std::string& number : numbers)
    if (number.starts_with('%') || registers.is_declared(number)) bytes = registers.named(number).bytes;
  const Literal literal = type[0] == 'f' ? Literal::floating : Literal::integer;
  for (std::size_t k = 0; k < numbers.size(); ++k) {
    if (!loads)
      result.from[k] = source_of(registers, numbers[k], literal, bytes);
    else if (numbers[k] != "_")
      result.to[k] = register_of(registers, numbers[k], bytes);
  }
  result.run = loads ? load_of(type, count, bytes) : store_of(type, count, bytes);
  return result;
}

Instruction decode_shuffle(const Words& words, Registers& registers) {
  require(words, 5);
  Instruction result;
  result.run = shuffle_butterfly;
  const std::string& to = words.operands[0];
  const std::size_t bar = to.find('|');
  result.to[0] = register_of(registers, to.substr(0, bar), 4);
  if (bar != std::string::npos) result.to[1] = register_of(registers, to.substr(bar + 1), 0);
  for (std::size_t k = 0; k < 4; ++k) result.from[k] = source_of(registers, words.operands[1 + k], Literal::integer, 4);
  return result;
}

Instruction decode_matrix_load(const Words& words, Registers& registers, Handler run) {
  require(words, 2);
  Instruction result;
  result.run = run;
  result.space = Space::shared;
  const std::vector<std::string> to = members_of(words.operands[0]);
  for (std::size_t k = 0; k < 4; ++k) result.to[k] = register_of(registers, to.at(k), 4);
  set_address(result, words.operands[1], registers);
  return result;
}

Instruction decode_matrix_product(const Words& words, Registers& registers, Handler run) {
  require(words, 4);
  Instruction result;
  result.run = run;
  const auto members = [&](std::size_t operand) { return members_of(words.operands[operand]); };
  const auto to = members(0), a = members(1), b = members(2), c = members(3);
  for (std::size_t k = 0; k < 4; ++k) {
    result.to[k] = register_of(registers, to.at(k), 4);
    result.from[k] = register_of(registers, a.at(k), 4);
    result.from[6 + k] = source_of(registers, c.at(k), Literal::floating, 4);
  }
  for (std::size_t k = 0; k < 2; ++k) result.from[4 + k] = source_of(registers, b.at(k), Literal::integer, 4);
  return result;
}

/// Decodes mov.b64 of two halves to a register, or of a register to two.
Instruction decode_halves(const Words& words, Registers& registers) {
  require(words, 2);
  Instruction result;
  const auto to = members_of(words.operands[0]), from = members_of(words.operands[1]);
  result.run = to.size() == 2 ? unpack : pack;
  for (std::size_t k = 0; k < to.size(); ++k)
    if (to[k] != "_") result.to[k] = register_of(registers, to[k], to.size() == 2 ? 4 : 8);
  for (std::size_t k = 0; k < from.size(); ++k)
    result.from[k] = source_of(registers, from[k], Literal::integer, from.size() == 2 ? 4 : 8);
  return result;
}

Instruction decode_lanewise(const Words& words, Registers& registers) {
  const Definition* const definition = find_definition(words.name);
  if (definition == nullptr) fail("an unknown instruction");
  require(words, static_cast<std::size_t>(definition->sources) + 1);
  Instruction result;
  result.run = definition->run;
  result.to[0] = register_of(registers, words.operands[0], definition->to_bytes);
  for (std::size_t k = 0; k + 1 < words.operands.size(); ++k)
    result.from[k] = source_of(registers, words.operands[k + 1], definition->literal, definition->from_bytes[k]);
  return result;
}

Instruction decode_control(const Words& words, Registers& registers, Handler run) {
  Instruction result;
  result.run = run;
  if (!words.guard.empty()) {
    result.negated = words.guard[0] == '!';
    result.from[0] = register_of(registers, words.guard.substr(result.negated ? 1 : 0), 0);
  }
  return result;
}

}  // namespace

Words::Words(const std::string& statement) {
  std::size_t begin = 0;
  if (statement[0] == '@') {
    const std::size_t space = statement.find(' ');
    guard = statement.substr(1, space - 1);
    begin = statement.find_first_not_of(' ', space);
  }
  const std::size_t space = std::min(statement.find(' ', begin), statement.size());
  name = statement.substr(begin, space - begin);
  operands = operands_of(std::string_view(statement).substr(space));
}

Instruction decode(const Words& words, Registers& registers) {
  const std::string& name = words.name;
  if (name == "bra" || name == "bra.uni") return decode_control(words, registers, branch);
  if (!words.guard.empty()) fail("a predicate, but no branch");
  if (name == "ret" || name == "exit") {
    require(words, 0);
    return decode_control(words, registers, leave);
  }
  if (name == "bar.sync") {
    if (words.operands != std::vector<std::string>{"0"}) fail("another barrier than 0");
    return decode_control(words, registers, wait_at_barrier);
  }
  if (name.starts_with("ld.") || name.starts_with("st.")) return decode_memory(words, registers);
  if (name == "shfl.sync.bfly.b32") return decode_shuffle(words, registers);
  if (name == "ldmatrix.sync.aligned.m8n8.x4.shared.b16") return decode_matrix_load(words, registers, load_matrices);
  if (name == "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16")
    return decode_matrix_load(words, registers, load_transposed_matrices);
  if (name == "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32")
    return decode_matrix_product(words, registers, multiply_bf16);
  if (name == "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32")
    return decode_matrix_product(words, registers, multiply_tf32);
  const auto has_halves = [](const std::string& operand) { return operand.starts_with('{'); };
  if (name == "mov.b64" && std::any_of(words.operands.begin(), words.operands.end(), has_halves))
    return decode_halves(words, registers);
  return decode_lanewise(words, registers);
}

}  // namespace alfi::test::ptx
