#include "src/cli/data_arguments.hpp"

#include <fmt/format.h>

#include <utility>

#include "alfi/error.hpp"
#include "src/cli/output.hpp"
#include "src/formats/printable.hpp"

namespace alfi::cli {
namespace {

char delimiter_of(const std::string& text) {
  if (text == "tab" || text == "\\t") return '\t';
  if (text == "space") return ' ';
  if (text.size() != 1 || text == "\"" || text == "#" || text == "\n")
    throw InputError(fmt::format("--delimiter {} must be one character, tab or space", printable(text)));
  return text.front();
}

/// Appends the sets of a file to those before it.
void append(const std::string& file, Observations more, Observations& all) {
  if (more.names.empty()) {
    more.names = {file};
    more.counts = {more.count};
  } else {
    for (std::string& name : more.names) name = fmt::format("{} {}", file, name);
  }
  all.dimension = more.dimension;
  all.count += more.count;
  all.dropped += more.dropped;
  all.values.insert(all.values.end(), more.values.begin(), more.values.end());
  all.counts.insert(all.counts.end(), more.counts.begin(), more.counts.end());
  std::move(more.names.begin(), more.names.end(), std::back_inserter(all.names));
}

}  // namespace

CLI::Option* DataArguments::add_to(CLI::App& command) {
  CLI::Option* const data =
      command
          .add_option(
              "--data", files,
              "Observations, one a row, in text or a .npy array, packed (.gz, .npz) or not; many sets of them in an "
              "array (sets, rows, columns), or in several files; -: standard input")
          ->type_name("FILE");
  command
      .add_option("--group", group,
                  "A column of the text that says which set a row belongs to: its name, or its number from 1 on")
      ->type_name("COLUMN");
  command
      .add_option("--column", columns,
                  "The column of an observation's next number: its name, or its number from 1 on; all if not given")
      ->type_name("COLUMN")
      ->allow_extra_args(false);
  command.add_option("--delimiter", delimiter, "What separates fields: a character, tab or space; found if not given");
  command.add_option("--skip", skip, "Lines of the text to leave out first")->check(CLI::NonNegativeNumber);
  command.add_option("--missing", missing_codes, "A number that stands for a missing one, such as -999")
      ->type_name("NUMBER")
      ->allow_extra_args(false);
  command.add_flag("--drop-missing", drop_missing,
                   "Leave observations with a missing value (empty, NA, NaN) out, which are refused else");
  return data;
}

Observations DataArguments::load(const ObservationInfo& allowed) const {
  if (group && group->empty()) throw InputError("--group '' must be a column's name, or its number from 1 on");
  const Reading reading{
      .parts = {.label = group.value_or(""),
                .columns = columns,
                .delimiter = delimiter.empty() ? std::nullopt : std::optional(delimiter_of(delimiter)),
                .skip = skip},
      .numbers = {.missing = drop_missing ? Missing::read_as_nan : Missing::refused, .codes = missing_codes}};
  Observations all;
  if (files.size() == 1)
    all = read_observations(files.front(), reading, allowed);
  else
    for (const std::string& file : files) append(file, read_observations(file, reading, allowed), all);
  if (all.dropped > 0)
    say("{} of {} observations are left out: they have a missing value\n", all.dropped, all.dropped + all.count);
  return all;
}

}  // namespace alfi::cli
