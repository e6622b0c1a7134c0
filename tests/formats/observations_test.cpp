#include "src/formats/observations.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <string_view>

#include "alfi/error.hpp"
#include "src/formats/csv.hpp"
#include "src/formats/npy.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Observations read(const char* name, std::string_view content) {
  const TemporaryFolder folder;
  return read_observations(folder.write(name, content));
}

std::string refusal(const char* name, std::string_view content) {
  return message_of<InputError>([&] { read(name, content); });
}

Observations csv(std::string_view content) { return read("x.csv", content); }
std::string csv_refusal(std::string_view content) { return refusal("x.csv", content); }

TEST(Observations, RutherfordAndGeigerCounts) {
  const Observations counts = read_observations(std::string(ALFI_EXAMPLES) + "/data/rutherford_geiger_1910.csv");
  EXPECT_EQ(counts.count, 2608);
  EXPECT_EQ(counts.dimension, 1);
  std::array<int, 15> intervals{};
  for (const float count : counts.values) ++intervals.at(static_cast<std::size_t>(count));
  EXPECT_THAT(intervals, ElementsAre(57, 203, 383, 525, 532, 408, 273, 139, 45, 27, 10, 4, 0, 1, 1));
}

TEST(Observations, CsvIsReadRowByRow) {
  const Observations two = csv("1,2\n-0.5, 4e-3\n");
  EXPECT_EQ(two.count, 2);
  EXPECT_EQ(two.dimension, 2);
  EXPECT_THAT(two.values, ElementsAre(1.0F, 2.0F, -0.5F, 4e-3F));
  EXPECT_THAT(csv("7").values, ElementsAre(7.0F));
  EXPECT_THAT(csv("1\r\n2\r\n\r\n \n").values, ElementsAre(1.0F, 2.0F));
  EXPECT_THAT(csv("# one\n\n#\n  # two\n1\n# three\n2\n#").values, ElementsAre(1.0F, 2.0F));
  EXPECT_THAT(csv("\xEF\xBB\xBF"
                  "3\n")
                  .values,
              ElementsAre(3.0F));
}

TEST(Observations, CsvMayNameItsColumns) {
  EXPECT_THAT(csv("# source\ncos theta\n0.5\n").values, ElementsAre(0.5F));
  EXPECT_THAT(csv("u_1,\"u 2\",\xC2\xB5\n1,2,3\n").values, ElementsAre(1.0F, 2.0F, 3.0F));
  EXPECT_THAT(csv_refusal("x\ny\n1\n"), AllOf(HasSubstr("line 2"), HasSubstr("'y'")));
  EXPECT_THAT(csv_refusal("x,1\n"), AllOf(HasSubstr("line 1"), HasSubstr("'x'")));
  EXPECT_THAT(csv(",x\n0,1\n").values, ElementsAre(0.0F, 1.0F));  // as pandas names the numbers of rows
  EXPECT_THAT(csv_refusal("x,\n0,1\n"), AllOf(HasSubstr("line 1"), HasSubstr("'x'")));
  EXPECT_THAT(csv_refusal("12O\n13\n"), AllOf(HasSubstr("line 1"), HasSubstr("'12O'")));
  EXPECT_THAT(csv_refusal("nan\n1\n"), HasSubstr("line 1"));
}

TEST(Observations, CsvErrorsNameTheLine) {
  EXPECT_THAT(csv_refusal("# c\n1,2\n3,four\n"), AllOf(HasSubstr("x.csv: line 3, field 2"), HasSubstr("'four'")));
  for (const char* bad : {"nan", "NaN", "inf", "-Infinity", "1e39", "-1e999", "4e38"}) {
    EXPECT_THAT(csv_refusal(fmt::format("1\n{}\n", bad)), AllOf(HasSubstr("line 2"), HasSubstr("no finite"))) << bad;
  }
  for (const char* bad :
       {"1.5.2", "0x10", "+-1", "++1", "1 2", "1;2", "--1", "1e", ".", "-", "1,5e", "\xC3\xA9", "1\r2"}) {
    EXPECT_THAT(csv_refusal(fmt::format("1\n{}\n", bad)), HasSubstr("line 2")) << bad;
  }
  EXPECT_THAT(csv_refusal("1,2\n3,\n"), AllOf(HasSubstr("line 2, field 2"), HasSubstr("empty")));
  EXPECT_THAT(csv_refusal("1,2\n3\n"), AllOf(HasSubstr("line 2 has 1 fields"), HasSubstr("have 2")));
  EXPECT_THAT(csv_refusal("1,2\n3,4,5\n"), HasSubstr("line 2 has 3 fields"));
  EXPECT_THAT(csv_refusal("1\n\n2\n"), HasSubstr("line 2 is blank"));
  EXPECT_THAT(csv_refusal(std::string_view("1\n\0\n", 4)), AllOf(HasSubstr("line 2"), HasSubstr("\\x00")));
  for (const char* empty : {"", "\n\n", "# only\n", "column\n"}) {
    EXPECT_THAT(csv_refusal(empty), HasSubstr("no observations")) << empty;
  }
}

TEST(Observations, CsvRoundsOnce) {
  // 1 + 2^-24 + 2^-60: just above the middle between two floats, and in double exactly the middle, which rounds to
  // even.
  EXPECT_THAT(csv("1.000000059604644776257986\n").values, ElementsAre(std::nextafter(1.0F, 2.0F)));
  EXPECT_THAT(csv("3.4028234663852886e38\n1e-45\n1e-60\n1e-310\n").values,
              ElementsAre(std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min(), 0.0F, 0.0F));
}

TEST(Observations, MissingFilesAreRefused) {
  EXPECT_THAT(message_of<InputError>([] { read_observations("/nowhere/x.csv"); }), HasSubstr("/nowhere/x.csv"));
}

/// A .npy file of format 1.0, unpadded.
template <typename T>
std::string npy(std::string_view header, const std::vector<T>& values, char major = '\1') {
  std::string file = std::string("\x93NUMPY") + major + '\0';
  for (unsigned i = 0; i < (major == '\1' ? 2 : 4); ++i) file += static_cast<char>((header.size() >> (8 * i)) & 0xff);
  file += header;
  file.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return file;
}

template <typename T>
void expect_read_as_is(const char* type) {
  const std::vector<T> values{T{0}, T{1}, std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()};
  const Observations back =
      read("x.npy", npy(fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': (4,), }}\n", type), values));
  ASSERT_EQ(back.count, 4) << type;
  EXPECT_EQ(back.dimension, 1);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(back.values[i], static_cast<float>(values[i])) << type;
}

TEST(Observations, NpyOfEveryNumberType) {
  expect_read_as_is<float>("<f4");
  expect_read_as_is<std::int8_t>("|i1");
  expect_read_as_is<std::int16_t>("<i2");
  expect_read_as_is<std::int32_t>("<i4");
  expect_read_as_is<std::int64_t>("<i8");
  expect_read_as_is<std::uint8_t>("|u1");
  expect_read_as_is<std::uint16_t>("<u2");
  expect_read_as_is<std::uint32_t>("<u4");
  expect_read_as_is<std::uint64_t>("<u8");
  const std::string f8 = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}";
  EXPECT_THAT(read("x.npy", npy(f8, std::vector{0.1, -1e-300})).values, ElementsAre(0.1F, 0.0F));
  EXPECT_THAT(refusal("x.npy", npy(f8, std::vector{0.0, 1e39})), HasSubstr("observation 2, component 1"));
  for (const char* type : {"|f8", "f8", "=f8", "<c8", "<U3", "|O", "", "<f4, <f4"}) {
    EXPECT_THAT(refusal("x.npy", npy(fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': (2,)}}", type),
                                     std::vector{0.0, 1.0})),
                HasSubstr("is none of f2 f4 f8"))
        << type;
  }
}

TEST(Observations, NpyOfEveryOrderAndFormat) {
  const std::vector<float> stored{1, 2, 3, 4, 5, 6};
  for (const char major : {'\1', '\2', '\3'}) {
    const Observations c =
        read("x.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }   \n", stored, major));
    EXPECT_EQ(c.count, 3);
    EXPECT_EQ(c.dimension, 2);
    EXPECT_THAT(c.values, ElementsAre(1, 2, 3, 4, 5, 6));
    const Observations fortran =
        read("x.npy", npy("{\"shape\":(3,2),\"fortran_order\":True,\"descr\":\"<f4\"}", stored, major));
    EXPECT_EQ(fortran.count, 3);
    EXPECT_THAT(fortran.values, ElementsAre(1, 4, 2, 5, 3, 6));
  }
}

TEST(Observations, HostileNpyIsRefused) {
  const std::vector<float> two{1, 2};
  const auto with_header = [&](std::string_view header) { return refusal("x.npy", npy(header, two)); };
  const auto with_shape = [&](const char* shape) {
    return with_header(fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': {}}}", shape));
  };
  EXPECT_THAT(with_shape("(3,)"), HasSubstr("3 numbers of 4 bytes are announced, 8 bytes follow"));
  EXPECT_THAT(with_shape("(1,)"), HasSubstr("1 numbers of 4 bytes are announced, 8 bytes follow"));
  EXPECT_THAT(with_shape("(2147483647, 2147483647)"), HasSubstr("are announced"));
  // 1517889155 * 1519111591 * 8 = 2^64 + 1653 * 8.
  EXPECT_THAT(refusal("x.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1517889155, 1519111591)}",
                                   std::vector<double>(1653))),
              HasSubstr("are announced"));
  EXPECT_THAT(with_shape("(2147483648,)"), HasSubstr("too many"));
  EXPECT_THAT(with_shape("(1, 18446744073709551615)"), HasSubstr("too many"));
  EXPECT_THAT(with_shape("(18446744073709551616,)"), HasSubstr("a size is expected"));
  EXPECT_THAT(with_shape("(-2,)"), HasSubstr("a size is expected"));
  EXPECT_THAT(with_shape("(2.0,)"), HasSubstr("')' is expected"));
  EXPECT_THAT(with_shape("()"), HasSubstr("0 sizes"));
  EXPECT_THAT(with_shape("(1, 1, 1, 2)"), AllOf(HasSubstr("4 sizes"), HasSubstr("(sets, count, dimension)")));
  EXPECT_THAT(with_shape("(2147483647, 2147483647, 2147483647)"), HasSubstr("are announced"));
  EXPECT_THAT(with_shape("[2]"), HasSubstr("'(' is expected"));
  EXPECT_THAT(with_shape("(2"), HasSubstr("')' is expected"));
  EXPECT_THAT(with_header(""), HasSubstr("'{' is expected"));
  EXPECT_THAT(with_header("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}"),
              HasSubstr("is expected"));
  EXPECT_THAT(with_header("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}"), HasSubstr("True or False"));
  EXPECT_THAT(with_header("{'descr': '<f4', 'fortran_order': False}"), HasSubstr("lacks"));
  EXPECT_THAT(with_header("{'descr': '<f4', 'descr': '<f4'}"), HasSubstr("repeated entry 'descr'"));
  EXPECT_THAT(with_header("{'other': '<f4'}"), HasSubstr("unknown or repeated entry 'other'"));
  EXPECT_THAT(with_header("{'descr': '<f4"), HasSubstr("ends within"));
  EXPECT_THAT(with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x"), HasSubstr("after its end"));

  const std::string empty = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3)}", std::vector<float>{});
  EXPECT_THAT(refusal("x.npy", empty), HasSubstr("no observations"));
  EXPECT_THAT(refusal("x.npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}",
                                   std::vector<float>{1, 2, 3, std::numeric_limits<float>::quiet_NaN()})),
              HasSubstr("observation 2, component 2: nan is no finite"));

  const std::string good = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", two);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW(read("x.npy", good.substr(0, size)), InputError) << size;
  }
  std::string bad = good;
  bad[6] = 4;
  EXPECT_THAT(refusal("x.npy", bad), HasSubstr("format 4.0"));
  bad = good;
  bad[7] = 1;
  EXPECT_THAT(refusal("x.npy", bad), HasSubstr("format 1.1"));
}

// Anything but InputError, or what a sanitizer sees, is a defect.
TEST(Observations, SurviveRandomDamage) {
  const TemporaryFolder folder;
  const std::string sound_npy =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n", std::vector<float>(4));
  const std::string sound_csv = "# counts\na,b\n1,2.5\n-3,4e2\n\n";
  std::mt19937 random(11);
  int refused = 0;
  constexpr int trials = 500;
  for (int trial = 0; trial < trials; ++trial) {
    std::string bad = trial % 2 == 0 ? sound_npy : sound_csv;
    const auto damages = 1 + random() % 3;
    for (unsigned damage = 0; damage < damages; ++damage) {
      const std::size_t place = random() % bad.size();
      static constexpr std::string_view telling = "{}()':,0129-.e\n\r#\xff\x00";
      switch (random() % 3) {
        case 0:
          bad[place] = telling[random() % telling.size()];
          break;
        case 1:
          bad.erase(place, 1);
          break;
        default:
          bad.insert(place, 1, bad[random() % bad.size()]);
      }
    }
    try {
      read_observations(folder.write(trial % 2 == 0 ? "x.npy" : "x.csv", bad));
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, trials / 4);
  EXPECT_LT(refused, trials);
}

TEST(Observations, WrittenNpyReadsBack) {
  const std::vector<float> values{1, -2.5F, 3e-40F, std::numeric_limits<float>::max(), 0.1F, 6};
  std::ostringstream out;
  write_npy_header(out, {3, 2});
  EXPECT_EQ(out.str().size() % 64, 0U);
  write_npy_values(out, std::span(values).first(1));
  write_npy_values(out, std::span(values).subspan(1));
  const Observations back = read("x.npy", out.str());
  EXPECT_EQ(back.count, 3);
  EXPECT_EQ(back.dimension, 2);
  EXPECT_EQ(back.values, values);
}

TEST(Observations, WrittenCsvReadsBackBitForBit) {
  std::mt19937 random(3);
  std::vector<float> values;
  while (values.size() < 3000) {
    const auto bits = static_cast<std::uint32_t>(random());
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) values.push_back(value);
  }
  std::ostringstream out;
  write_csv_values(out, values, 3);
  const Observations back = csv(out.str());
  EXPECT_EQ(back.count, 1000);
  EXPECT_EQ(back.dimension, 3);
  EXPECT_EQ(back.values, values);

  std::ostringstream counts;
  write_csv_values(counts, std::vector{3.0F, 0.0F, 1097.0F, 8886110.0F}, 1);
  EXPECT_EQ(counts.str(), "3\n0\n1097\n8886110\n");
}

TEST(Observations, FailedStreamsAreReported) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_THROW(write_npy_header(out, {1}), RunError);
  EXPECT_THROW(write_npy_values(out, std::vector<float>{1}), RunError);
  EXPECT_THROW(write_csv_values(out, std::vector{1.0F}, 1), RunError);
}

TEST(Observations, ChecksNameObservationValueAndWhatIsAllowed) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const ObservationInfo poisson{1, true, 0, infinity, "counts"};
  const ObservationInfo weinberg{1, false, -1, 1, "cosines"};
  const ObservationInfo pairs{2, false, -infinity, infinity, "pairs (u, y)"};
  const auto check = [](const std::vector<float>& x, int count, const ObservationInfo& allowed) {
    check_observations({x, count}, allowed);
  };
  EXPECT_NO_THROW(check({0, 5, 16777216}, 3, poisson));
  EXPECT_NO_THROW(check({-1, 0.5F, 1}, 3, weinberg));
  EXPECT_NO_THROW(check({-1e30F, 0.5F, 1, 2}, 2, pairs));

  const auto refused = [&](const std::vector<float>& x, int count, const ObservationInfo& allowed) {
    return message_of<InputError>([&] { check(x, count, allowed); });
  };
  EXPECT_EQ(refused({0, 2.5F, 1}, 3, poisson), "observation 2 is 2.5: counts are whole numbers in [0, 16777216]");
  EXPECT_THAT(refused({0, -1}, 2, poisson), HasSubstr("observation 2 is -1"));
  EXPECT_THAT(refused({2e7F}, 1, poisson), HasSubstr("observation 1 is"));
  EXPECT_EQ(refused({1.0001F}, 1, weinberg), "observation 1 is 1.0001: cosines are finite numbers in [-1, 1]");
  EXPECT_THAT(refused({-1.0001F}, 1, weinberg), HasSubstr("-1.0001"));
  EXPECT_THAT(refused({0, 0, 0, std::numeric_limits<float>::infinity()}, 2, pairs),
              AllOf(HasSubstr("observation 2, component 2 is inf"), HasSubstr("finite")));
  EXPECT_THAT(refused({std::numeric_limits<float>::quiet_NaN()}, 1, weinberg), HasSubstr("is nan"));
  EXPECT_THAT(refused({}, 0, poisson), HasSubstr("no observations"));
  EXPECT_THAT(refused({1}, 2, poisson), HasSubstr("1 values"));
}

std::vector<std::vector<float>> sets_of(const Observations& observations) {
  std::vector<std::vector<float>> sets;
  for (const DataSet& set : observations.sets()) sets.emplace_back(set.x.begin(), set.x.end());
  return sets;
}

TEST(Observations, NpyOfThreeSizesIsManySets) {
  const std::vector<float> stored{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const Observations c = read("x.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2), }", stored));
  EXPECT_EQ(c.count, 6);
  EXPECT_EQ(c.dimension, 2);
  EXPECT_THAT(c.names, ElementsAre("1", "2"));
  EXPECT_THAT(c.counts, ElementsAre(3, 3));
  EXPECT_THAT(sets_of(c), ElementsAre(ElementsAre(1, 2, 3, 4, 5, 6), ElementsAre(7, 8, 9, 10, 11, 12)));
  // Element (k, r, x) is number k + 2 (r + 3 x).
  const Observations fortran =
      read("x.npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 2), }", stored));
  EXPECT_THAT(sets_of(fortran), ElementsAre(ElementsAre(1, 7, 3, 9, 5, 11), ElementsAre(2, 8, 4, 10, 6, 12)));
  const Observations one =
      read("x.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 12, 1), }", stored));
  EXPECT_THAT(one.names, ElementsAre("1"));
  EXPECT_THAT(sets_of(csv("1\n2\n")), ElementsAre(ElementsAre(1, 2)));
}

TEST(Observations, NpyOfManySetsNamesWhatIsWrong) {
  const auto with = [](const char* shape, const std::vector<float>& values) {
    return refusal("x.npy", npy(fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': {}}}", shape), values));
  };
  EXPECT_THAT(with("(2, 2, 1)", {1, 2, 3, std::nanf("")}),
              HasSubstr("set 2, observation 2, component 1: nan is no finite"));
  EXPECT_THAT(with("(0, 3, 1)", {}), HasSubstr("no sets"));
  EXPECT_THAT(with("(3, 0, 1)", {}), HasSubstr("its 3 sets hold no observations"));
  EXPECT_THAT(with("(3, 1, 0)", {}), HasSubstr("no observations"));
}

Observations grouped(std::string_view content, const std::string& group) {
  const TemporaryFolder folder;
  return read_observations(folder.write("x.csv", content), {.parts = {.label = group}});
}

TEST(Observations, AColumnGroupsRows) {
  constexpr std::string_view content = "u,\"place\",v\n1,b,2\n3,a b,4\n5,b,6\n7,8,9\n";
  for (const char* const column : {"place", "2"}) {
    const Observations observations = grouped(content, column);
    EXPECT_EQ(observations.dimension, 2);
    EXPECT_EQ(observations.count, 4);
    EXPECT_THAT(observations.names, ElementsAre("b", "a b", "8"));
    EXPECT_THAT(observations.counts, ElementsAre(2, 1, 1));
    EXPECT_THAT(sets_of(observations), ElementsAre(ElementsAre(1, 2, 5, 6), ElementsAre(3, 4), ElementsAre(7, 9)));
  }
  EXPECT_THAT(sets_of(grouped("7,1\n8,1\n7,2\n", "1")), ElementsAre(ElementsAre(1, 2), ElementsAre(1)));
}

TEST(Observations, ColumnsOfGroupsThatAreWrongAreRefused) {
  const auto refused = [](std::string_view content, const std::string& group) {
    return message_of<InputError>([&] { grouped(content, group); });
  };
  EXPECT_THAT(refused("u,v\n1,2\n", "w"), AllOf(HasSubstr("x.csv: there is no column 'w'"), HasSubstr("'u', 'v', or")));
  EXPECT_THAT(refused("1,2\n", "w"), AllOf(HasSubstr("no line names columns"), HasSubstr("from 1 to 2")));
  for (const char* const number : {"0", "3", "-1", "1.5"})
    EXPECT_THAT(refused("1,2\n", number), HasSubstr("from 1 to 2")) << number;
  EXPECT_THAT(refused("g,v\na,1\n,2\n", "g"), HasSubstr("line 3, field 1 is empty, a group is expected"));
  EXPECT_THAT(refused("g,v\na,1\nb,nan\n", "g"), HasSubstr("line 3, field 2 (group 'b') 'nan' is no finite"));
  EXPECT_THAT(refused("g\na\n", "g"), HasSubstr("none of observations"));
  EXPECT_THAT(refused("g,v\n", "g"), HasSubstr("no observations"));
  EXPECT_THAT(message_of<InputError>([] {
                const TemporaryFolder folder;
                read_observations(folder.write("x.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
                                                            std::vector{1.0F})),
                                  {.parts = {.label = "g"}});
              }),
              AllOf(HasSubstr("x.npy"), HasSubstr("'g'"), HasSubstr("this is an array")));
}

TEST(Observations, OfASetThatTheSimulatorCannotGiveAreNamed) {
  const TemporaryFolder folder;
  const ObservationInfo poisson{1, true, 0, std::numeric_limits<double>::infinity(), "counts"};
  const auto refused = [&](const std::filesystem::path& file, const std::string& group) {
    return message_of<InputError>([&] { read_observations(file, {.parts = {.label = group}}, poisson); });
  };
  EXPECT_THAT(refused(folder.write("x.csv", std::string_view("a,1\nb,2\nb,-3\n")), "1"),
              AllOf(HasSubstr("x.csv: set 'b': observation 2 is -3")));
  EXPECT_THAT(refused(folder.write("y.csv", std::string_view("a,1,2\n")), "1"),
              AllOf(HasSubstr("2 columns"), HasSubstr("1 are expected")));
}

// Rows with a missing number are left out where that is asked for, of every set; else refused.
TEST(Observations, LeavesOutWhatIsMissing) {
  const test::TemporaryFolder folder;
  const auto file = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.path() / name, std::ios::binary) << text;
    return folder.path() / name;
  };
  const ObservationInfo two{.dimension = 2, .whole = false, .low = -10, .high = 10, .meaning = "numbers"};
  const auto path = file("one.csv", "a,b\n1,2\n,3\n4,NA\n5,6\nnan,1\n7,inf\nNull,2\n");
  const Observations one = read_observations(path, {.numbers = {.missing = Missing::read_as_nan}}, two);
  EXPECT_EQ(one.values, (std::vector<float>{1, 2, 5, 6}));
  EXPECT_EQ(one.count, 2);
  EXPECT_EQ(one.dropped, 5);
  EXPECT_THAT(test::message_of<InputError>([&] { read_observations(path, {}, two); }),
              testing::HasSubstr("line 3, field 1 is empty"));
  const auto grouped = file("sets.csv", "set,a,b\nx,1,2\ny,3,\nx,,1\ny,5,6\n");
  const Observations sets =
      read_observations(grouped, {.parts = {.label = "set"}, .numbers = {.missing = Missing::read_as_nan}}, two);
  EXPECT_EQ(sets.values, (std::vector<float>{1, 2, 5, 6}));
  EXPECT_EQ(sets.counts, (std::vector<int>{1, 1}));
  EXPECT_EQ(sets.dropped, 2);
  EXPECT_THAT(test::message_of<InputError>([&] {
                read_observations(file("none.csv", "set,a,b\nx,1,2\ny,3,\n"),
                                  {.parts = {.label = "set"}, .numbers = {.missing = Missing::read_as_nan}}, two);
              }),
              testing::HasSubstr("set 'y': there are no observations"));
}

}  // namespace
}  // namespace alfi
