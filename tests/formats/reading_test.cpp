// Files as other programs write them: dialects of text, number types of arrays, packed files, and what tells them
// apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <minizip/zip.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "alfi/error.hpp"
#include "src/formats/observations.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const ObservationInfo numbers{.dimension = 1, .whole = false, .low = -1e9, .high = 1e9, .meaning = "numbers"};
const ObservationInfo counts{.dimension = 1, .whole = true, .low = 0, .high = INFINITY, .meaning = "counts"};

std::vector<float> read(std::string_view content, const Reading& reading = {}, const ObservationInfo& of = numbers) {
  const test::TemporaryFolder folder;
  return read_observations(folder.write("data", content), reading, of).values;
}
std::string refused(std::string_view content, const Reading& reading = {}, const ObservationInfo& of = numbers) {
  return message_of<InputError>([&] { (void)read(content, reading, of); });
}

// A first line that is data is read or refused; only what can be a name is left out.
TEST(Reading, TakesNoNumberForAName) {
  EXPECT_THAT(read("\xE2\x88\x92"
                   "1.5\n0.5\n"),
              ElementsAre(-1.5F, 0.5F));  // U+2212
  EXPECT_THAT(read("\"1.5\"\n\"0.5\"\n"), ElementsAre(1.5F, 0.5F));
  EXPECT_THAT(read("+1.5\n"), ElementsAre(1.5F));
  EXPECT_THAT(read("\"value\"\n\"0.993\"\n"), ElementsAre(0.993F));
  EXPECT_THAT(read("1e-400\n-1e-400\n"), ElementsAre(0.0F, -0.0F));
  for (const char* const word : {"NA", "N/A", "null", "None", "nan", "<NA>", "#N/A", "#DIV/0!", "missing", "inf"}) {
    EXPECT_THAT(refused(std::string(word) + "\n1\n"), HasSubstr("line 1")) << word;
    EXPECT_THAT(read(std::string(word) + "\n1\n", {.numbers = {.missing = Missing::read_as_nan}}), ElementsAre(1.0F))
        << word;
  }
  for (const char* const wrong : {"1.5.2", "-", "?", "12O", "+-1", "1e", "0x10"})
    EXPECT_THAT(refused(std::string(wrong) + "\n1\n"), HasSubstr("line 1")) << wrong;
}

TEST(Reading, FindsTheDelimiter) {
  for (const char delimiter : {',', ';', '\t', '|', ' '}) {
    std::string text = "n;value\n0;0.5\n1;-2\n";
    std::ranges::replace(text, ';', delimiter);
    EXPECT_THAT(read(text, {.parts = {.columns = {"value"}}}), ElementsAre(0.5F, -2.0F)) << delimiter;
    EXPECT_THAT(read(text.substr(text.find('\n') + 1), {.parts = {.columns = {"2"}}}), ElementsAre(0.5F, -2.0F))
        << delimiter;
  }
  EXPECT_THAT(read("  1   2\n 10  20\n", {.parts = {.columns = {"2", "1"}}},
                   {.dimension = 2, .whole = false, .low = 0, .high = 99, .meaning = "pairs"}),
              ElementsAre(2, 1, 20, 10));
  EXPECT_THAT(read("waiting time, in s\n0.5\n", {.parts = {.delimiter = ';'}}), ElementsAre(0.5F));
  EXPECT_THAT(read("cos theta\n0.5\n"), ElementsAre(0.5F));
  EXPECT_THAT(read("\"a, b\",c\n1,2\n", {.parts = {.columns = {"a, b"}}}), ElementsAre(1.0F));
  EXPECT_THAT(read("a\tb\n\t2\n", {.parts = {.columns = {"b"}}}), ElementsAre(2.0F));
  EXPECT_THAT(refused("a;b\n1,5;2\n", {.parts = {.columns = {"a"}}}),
              HasSubstr("'1,5' is no number, which would be 1.5"));
  EXPECT_THAT(refused("a\n\"1\n"), AllOf(HasSubstr("line 2"), HasSubstr("a quote that does not end")));
  EXPECT_THAT(refused("a\n\"1\"2\n"), AllOf(HasSubstr("line 2"), HasSubstr("follows the quoted '1'")));
}

TEST(Reading, TakesTheColumnsAskedFor) {
  constexpr std::string_view text = ",value\n0,0.993\n1,2.046\n";  // as pandas writes a series
  EXPECT_THAT(read(text, {.parts = {.columns = {"value"}}}), ElementsAre(0.993F, 2.046F));
  EXPECT_THAT(refused(text),
              HasSubstr("observations have 2 columns ('', 'value'), 1 are expected (numbers); --column picks them"));
  EXPECT_THAT(refused(text, {.parts = {.columns = {"values"}}}),
              AllOf(HasSubstr("'values'"), HasSubstr("'value', or")));
  // Other columns may hold anything.
  EXPECT_THAT(read("when,x\nMonday,1\nTuesday,2\n", {.parts = {.columns = {"x"}}}), ElementsAre(1, 2));
  EXPECT_THAT(refused("a,b\n1,2,3\n", {.parts = {.columns = {"a"}}}), HasSubstr("line 2 has 3 fields"));
}

TEST(Reading, SkipsLines) {
  EXPECT_THAT(read("Counter no. 3; 1910\nfree text, \"\nx\n7\n", {.parts = {.skip = 2}}), ElementsAre(7));
  EXPECT_THAT(refused("a title, 1910\nx\nseven\n", {.parts = {.skip = 1}}), HasSubstr("line 3"));
  EXPECT_THAT(refused("1\n", {.parts = {.skip = 5}}), HasSubstr("no observations"));
}

TEST(Reading, TakesCodesForMissingNumbers) {
  constexpr std::string_view text = "1\n-999\n3\n-999.0\n";
  EXPECT_THAT(read(text), ElementsAre(1, -999, 3, -999));
  EXPECT_THAT(refused(text, {.numbers = {.codes = {-999}}}),
              HasSubstr("line 2, field 1 '-999' stands for a missing number"));
  EXPECT_THAT(read(text, {.numbers = {.missing = Missing::read_as_nan, .codes = {-999}}}), ElementsAre(1, 3));
}

TEST(Reading, RefusesWholeNumbersThatFloatsCannotHold) {
  EXPECT_THAT(read("16777216\n", {}, counts), ElementsAre(16777216));
  EXPECT_THAT(refused("8\n16777217\n", {}, counts),
              HasSubstr("line 2, field 1 '16777217' is above 16777216, up to which whole numbers are exact"));
  EXPECT_THAT(read("16777217\n"), ElementsAre(16777216));  // a real number is rounded
}

template <typename T>
std::string npy(const char* type, const std::vector<T>& values) {
  const std::string header = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (" +
                             std::to_string(values.size()) + ",)}";
  std::string file = std::string("\x93NUMPY\x01") + '\0' + static_cast<char>(header.size()) + '\0' + header;
  file.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return file;
}

TEST(Reading, TakesArraysOfEitherOrderOfBytes) {
  const auto swapped = [](auto value) {
    auto* const bytes = reinterpret_cast<unsigned char*>(&value);
    std::reverse(bytes, bytes + sizeof value);
    return value;
  };
  EXPECT_THAT(read(npy(">f8", std::vector{swapped(1.5), swapped(-2.0)})), ElementsAre(1.5F, -2.0F));
  EXPECT_THAT(read(npy(">f4", std::vector{swapped(1.5F)})), ElementsAre(1.5F));
  EXPECT_THAT(read(npy(">i2", std::vector{swapped(std::int16_t{-300})})), ElementsAre(-300));
  EXPECT_THAT(read(npy("|b1", std::vector<std::uint8_t>{0, 1})), ElementsAre(0, 1));
  // Half precision: 1.5 is 3E00, −2 is C000, the least above 0 is 0001 = 2^−24.
  EXPECT_THAT(read(npy("<f2", std::vector<std::uint16_t>{0x3e00, 0xc000, 1})), ElementsAre(1.5F, -2.0F, 0x1p-24F));
  EXPECT_THAT(read(npy(">f2", std::vector<std::uint16_t>{0x003e})), ElementsAre(1.5F));
  EXPECT_THAT(refused(npy("<i8", std::vector<std::int64_t>{1, 16777217}), {}, counts),
              HasSubstr("observation 2, component 1: 16777217 is above 16777216"));
  EXPECT_THAT(refused(npy("<f4", std::vector{-999.0F}), {.numbers = {.codes = {-999}}}),
              HasSubstr("stands for a missing"));
  EXPECT_THAT(refused(npy("<f4", std::vector{1.0F}), {.parts = {.columns = {"x"}}}), HasSubstr("this is an array"));
}

TEST(Reading, TakesPackedFiles) {
  std::string packed(200, '\0');
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string text = "1\n2.5\n";
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  EXPECT_THAT(read(packed), ElementsAre(1.0F, 2.5F));
  EXPECT_THAT(read(packed + packed), ElementsAre(1.0F, 2.5F, 1.0F, 2.5F)) << "of two members, as gzip -c >> writes";
  for (std::size_t size = 2; size < packed.size(); ++size)
    EXPECT_THAT(refused(packed.substr(0, size)), HasSubstr("packed, and damaged or cut off")) << size;
  std::string bad = packed;
  bad[packed.size() - 6] ^= 1;  // of the checksum
  EXPECT_THAT(refused(bad), HasSubstr("damaged"));
}

std::string zipped(const std::vector<std::pair<std::string, std::string>>& files, int level) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "x.npz").string();
  const zipFile zip = zipOpen64(path.c_str(), APPEND_STATUS_CREATE);
  for (const auto& [name, content] : files) {
    zipOpenNewFileInZip64(zip, name.c_str(), nullptr, nullptr, 0, nullptr, 0, nullptr, level == 0 ? 0 : Z_DEFLATED,
                          level, 1);
    zipWriteInFileInZip(zip, content.data(), static_cast<unsigned>(content.size()));
    zipCloseFileInZip(zip);
  }
  zipClose(zip, nullptr);
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Reading, TakesAnArrayOfAnNpz) {
  const std::string array = npy("<f4", std::vector<float>{1, 2.5F});
  for (const int level : {0, 6}) {  // np.savez and np.savez_compressed
    const std::string packed = zipped({{"arr_0.npy", array}}, level);
    EXPECT_THAT(read(packed), ElementsAre(1.0F, 2.5F));
    for (std::size_t size = 4; size < packed.size() - 22; ++size)  // whose last 22 bytes tell nothing new
      EXPECT_THROW((void)read(packed.substr(0, size)), InputError) << size;
  }
  EXPECT_THAT(refused(zipped({{"a.npy", array}, {"b.npy", array}}, 6)),
              HasSubstr("it holds 2 files ('a.npy', 'b.npy'), one is expected"));
  EXPECT_THAT(refused(zipped({}, 6)), HasSubstr("packed, and damaged or cut off"));
}

TEST(Reading, RefusesWhatIsNeitherTextNorArray) {
  EXPECT_THAT(refused(std::string_view("\x89HDF\r\n\x1a\n\0\0\0", 11)), testing::Not(HasSubstr("from_chars")));
  EXPECT_THAT(refused(std::string_view("\0\0\0\1", 4)), HasSubstr("neither text nor an array"));
}

}  // namespace
}  // namespace alfi
