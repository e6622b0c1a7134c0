#include "src/formats/safetensors.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "alfi/error.hpp"
#include "src/system/atomic_file.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::HasSubstr;

SafeTensors small_content() {
  SafeTensors content;
  content.tensors["b"] = Tensor::of<float>({2, 2}, std::vector{1.0F, -2.5F, 0.0F, 3e-40F});
  content.tensors["a"] = Tensor::of<std::uint8_t>({3}, std::vector<std::uint8_t>{1, 2, 255});
  content.tensors["c"] = Tensor::of<double>({}, std::vector{0.1});
  content.tensors["empty"] = Tensor::of<std::int64_t>({0, 7}, std::vector<std::int64_t>{});
  content.tensors["rng"] = Tensor::of<std::uint64_t>({1}, std::vector{std::numeric_limits<std::uint64_t>::max()});
  content.metadata["configuration"] = "a: \"quoted\"\nb: µ\n";
  return content;
}

std::vector<std::byte> checksummed_bytes() {
  const TemporaryFolder folder;
  write_checksummed(folder.path() / "x.safetensors", small_content());
  return read_file(folder.path() / "x.safetensors");
}

/// A file of the given header and `data_size` zero bytes of data.
std::vector<std::byte> file_of(std::string_view header, std::size_t data_size) {
  const std::uint64_t size = header.size();
  std::vector<std::byte> file(sizeof size + header.size() + data_size);
  std::memcpy(file.data(), &size, sizeof size);
  std::memcpy(file.data() + sizeof size, header.data(), header.size());
  return file;
}

std::string refusal(std::string_view header, std::size_t data_size) {
  return message_of<InputError>([&] { parse_safetensors(file_of(header, data_size), "file"); });
}

TEST(Safetensors, ReadsTheRecordedRuns) {
  for (const auto& [name, iterations, dimension] :
       {std::tuple("poisson_networks", "5", 1), std::tuple("weinberg_networks", "4", 2)}) {
    const std::string path = fmt::format("{}/{}.safetensors", ALFI_TEST_DATA, name);
    const SafeTensors run = read_safetensors(path);
    EXPECT_EQ(run.source, path);
    const std::int64_t T = std::stoll(run.metadata_at("iterations"));
    const std::int64_t B = std::stoll(run.metadata_at("batch"));
    const std::int64_t D = std::stoll(run.metadata_at("theta_dim"));
    EXPECT_EQ(D, dimension) << iterations;
    const auto loss = run.values<double>("loss", {1});
    const auto per_iteration = run.values<double>("loss_per_iteration", {B, T});
    const auto psi = run.values<double>("psi", {B, T, 2, D});
    const auto theta = run.values<double>("theta_true", {B, D});
    // l_t = -sum_d log N(theta*_d ; mu_d, sigma_d): the tensors are what their names say, in the order they are said.
    for (std::size_t row = 0; row < per_iteration.size(); ++row) {
      double expected = 0;
      const auto d_count = static_cast<std::size_t>(D);
      for (std::size_t d = 0; d < d_count; ++d) {
        const double log_sigma = psi[(2 * row + 1) * d_count + d];
        const double z = (theta[row / static_cast<std::size_t>(T) * d_count + d] - psi[2 * row * d_count + d]) *
                         std::exp(-log_sigma);
        expected += 0.5 * z * z + log_sigma + 0.5 * std::log(2 * M_PI);
      }
      EXPECT_NEAR(per_iteration[row], expected, 1e-12 * std::max(1.0, std::abs(expected)));
    }
    EXPECT_TRUE(std::isfinite(loss[0]));
    // Conversion to float is the nearest one.
    const auto as_float = run.values<float>("psi", {B, T, 2, D});
    for (std::size_t i = 0; i < psi.size(); ++i) EXPECT_EQ(as_float[i], static_cast<float>(psi[i]));
  }
}

TEST(Safetensors, GivesBackWhatWasSerialized) {
  const SafeTensors content = small_content();
  const std::vector<std::byte> bytes = serialize(content);
  const SafeTensors back = parse_safetensors(bytes, "file");
  EXPECT_EQ(back.tensors, content.tensors);
  EXPECT_EQ(back.metadata, content.metadata);
  EXPECT_EQ(serialize(back), bytes);
  EXPECT_EQ(back.values<std::uint8_t>("a", {3}), (std::vector<std::uint8_t>{1, 2, 255}));
  EXPECT_EQ(back.values<double>("b", {2, 2}), (std::vector<double>{1, -2.5, 0, 3e-40F}));
  EXPECT_EQ(back.values<float>("c", {}), std::vector{0.1F});
  EXPECT_EQ(back.values<std::uint64_t>("rng", {1}), std::vector{std::numeric_limits<std::uint64_t>::max()});
  EXPECT_TRUE(parse_safetensors(serialize({}), "file").tensors.empty());
}

// The bytes themselves, written down by hand: wide numbers first, then by name, header padded to a multiple of 8.
TEST(Safetensors, WritesTheFormat) {
  SafeTensors content;
  content.tensors["u"] = Tensor::of<std::uint8_t>({1}, std::vector<std::uint8_t>{7});
  content.tensors["x"] = Tensor::of<std::int64_t>({1}, std::vector<std::int64_t>{-2});
  content.metadata["k"] = "v";
  const std::string header = R"({"__metadata__":{"k":"v"},"x":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                             R"("u":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  const std::string data = std::string("\xfe\xff\xff\xff\xff\xff\xff\xff\x07", 9);
  const std::string expected = std::string(1, static_cast<char>(padded.size())) + std::string(7, '\0') + padded + data;
  const std::vector<std::byte> bytes = serialize(content);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), expected);
  EXPECT_EQ(padded.size() % 8, 0U);
}

TEST(Safetensors, LookupsNameFileTensorAndExpectation) {
  const SafeTensors content = parse_safetensors(serialize(small_content()), "run/step-5.safetensors");
  EXPECT_THAT(message_of<InputError>([&] { content.at("psi"); }),
              testing::AllOf(HasSubstr("run/step-5"), HasSubstr("'psi'")));
  EXPECT_THAT(message_of<InputError>([&] {
                content.expect_shape("psi", {2, 3});
              }),
              testing::AllOf(HasSubstr("'psi'"), HasSubstr("missing"), HasSubstr("(2, 3)")));
  EXPECT_THAT(message_of<InputError>([&] { content.expect_shape("b", {4}); }),
              testing::AllOf(HasSubstr("run/step-5"), HasSubstr("'b'"), HasSubstr("(2, 2)"), HasSubstr("(4)")));
  EXPECT_THAT(message_of<InputError>([&] { content.values<float>("a", {3}); }),
              testing::AllOf(HasSubstr("'a'"), HasSubstr("U8"), HasSubstr("F32 or F64")));
  EXPECT_THAT(message_of<InputError>([&] { content.values<std::int64_t>("b", {2, 2}); }), HasSubstr("I64"));
  EXPECT_THAT(message_of<InputError>([&] { content.metadata_at("seed"); }), HasSubstr("'seed'"));
}

TEST(Safetensors, ChecksNarrowing) {
  const auto narrowed = [](double value) { return Tensor::of<double>({1}, std::vector{value}).to<float>()[0]; };
  EXPECT_EQ(narrowed(std::numeric_limits<float>::max()), std::numeric_limits<float>::max());
  EXPECT_THROW(narrowed(3.5e38), InputError);
  EXPECT_THROW(narrowed(-1e300), InputError);
  EXPECT_EQ(narrowed(1e-300), 0.0F);
  EXPECT_EQ(narrowed(-std::numeric_limits<double>::infinity()), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(narrowed(std::numeric_limits<double>::quiet_NaN())));
}

TEST(Safetensors, RefusesToWriteWhatContradictsItself) {
  EXPECT_THROW(Tensor::of<float>({2}, std::vector{1.0F}), InputError);
  EXPECT_THROW(Tensor::of<float>({-1}, std::vector{1.0F}), InputError);
  SafeTensors content;
  content.tensors["x"] = {"F32", {2}, std::vector<std::byte>(7)};
  EXPECT_THROW(serialize(content), InputError);
  content.tensors["x"] = {"F16", {1}, std::vector<std::byte>(2)};
  EXPECT_THROW(serialize(content), InputError);
  content.tensors.clear();
  content.tensors["__metadata__"] = Tensor::of<float>({1}, std::vector{1.0F});
  EXPECT_THROW(serialize(content), InputError);
  content.tensors.clear();
  content.metadata["configuration"] = "\xff";
  EXPECT_THAT(message_of<InputError>([&] { serialize(content); }), HasSubstr("UTF-8"));
}

TEST(Safetensors, RefusesLengthsThatAreNotThere) {
  EXPECT_THAT(message_of<InputError>([] { parse_safetensors({}, "run/x"); }), HasSubstr("run/x is damaged"));
  std::vector<std::byte> file = file_of("{}", 0);
  for (const std::uint64_t announced :
       {std::uint64_t{3}, std::uint64_t{1} << 40, std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
    std::memcpy(file.data(), &announced, sizeof announced);
    EXPECT_THAT(message_of<InputError>([&] { parse_safetensors(file, "file"); }), HasSubstr("announced")) << announced;
  }
}

TEST(Safetensors, RefusesHeadersThatAreNotTheFormat) {
  const std::string good = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_NO_THROW(parse_safetensors(file_of(good, 8), "file"));
  EXPECT_NO_THROW(parse_safetensors(file_of(good + "   ", 8), "file"));

  const std::string json = "no valid JSON";
  EXPECT_THAT(refusal("", 0), HasSubstr(json));
  EXPECT_THAT(refusal(" " + good, 8), HasSubstr(json));
  EXPECT_THAT(refusal("\xEF\xBB\xBF" + good, 8), HasSubstr(json));
  EXPECT_THAT(refusal(good + "x", 8), HasSubstr(json));
  EXPECT_THAT(refusal(good + good, 8), HasSubstr(json));
  EXPECT_THAT(refusal(good + std::string("\0 junk", 6), 8), HasSubstr(json));
  EXPECT_THAT(refusal(good.substr(0, good.size() - 1), 8), HasSubstr(json));
  EXPECT_THAT(refusal("{\"\xff\":{}}", 0), HasSubstr(json));
  EXPECT_THAT(refusal(R"({"\ud800":{}})", 0), HasSubstr(json));
  EXPECT_THAT(refusal(R"({"x":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}})", 8), HasSubstr(json));
  EXPECT_THAT(refusal("[]", 0), HasSubstr(json));

  const std::string none = "allows none";
  EXPECT_THAT(refusal(R"({"x":1})", 0), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"x":null})", 0), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"x":[]})", 0), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"__metadata__":"text"})", 0), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":1}})", 0), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":{}}})", 0), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"x":{"dtype":true}})", 0), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"x":{"shape":[[2]],"dtype":"F32","data_offsets":[0,8]}})", 8), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"x":{"shape":[2.0],"dtype":"F32","data_offsets":[0,8]}})", 8), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"x":{"shape":[-2],"dtype":"F32","data_offsets":[0,8]}})", 8), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"x":{"shape":[9223372036854775808],"dtype":"F32","data_offsets":[0,8]}})", 8),
              HasSubstr(none));
  EXPECT_THAT(refusal(R"({"x":{"shape":[2],"dtype":"F32","data_offsets":[0,8],"extra":{}}})", 8), HasSubstr(none));
  EXPECT_THAT(refusal(R"({"x":{"shape":[2],"dtype":"F32","data_offsets":[-8,8]}})", 8), HasSubstr(none));

  EXPECT_THAT(refusal(R"({"x":{}})", 0), HasSubstr("lacks"));
  EXPECT_THAT(refusal(R"({"x":{"shape":[2],"dtype":"F32"}})", 8), HasSubstr("lacks"));
  EXPECT_THAT(refusal(R"({"x":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}})", 8), HasSubstr("'F16' is none of"));
}

TEST(Safetensors, RefusesWhatIsThereTwice) {
  const std::string x = R"("x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  const std::string twice = "there twice";
  EXPECT_THAT(refusal("{" + x + "," + x + "}", 0), HasSubstr(twice));
  EXPECT_THAT(refusal(R"({"__metadata__":{},"__metadata__":{}})", 0), HasSubstr(twice));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":"1","k":"2"}})", 0), HasSubstr(twice));
  EXPECT_THAT(refusal(R"({"x":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0), HasSubstr(twice));
  EXPECT_THAT(refusal(R"({"x":{"shape":[0],"shape":[0],"dtype":"U8","data_offsets":[0,0]}})", 0), HasSubstr(twice));
  EXPECT_THAT(refusal(R"({"x":{"data_offsets":[0,0],"data_offsets":[0,0],"dtype":"U8","shape":[0]}})", 0),
              HasSubstr(twice));
}

TEST(Safetensors, RefusesLayoutsThatDoNotCoverTheDataOnce) {
  const auto with = [](const char* shape, const char* offsets, std::size_t data_size) {
    return refusal(fmt::format(R"({{"x":{{"dtype":"F32","shape":{},"data_offsets":{}}}}})", shape, offsets), data_size);
  };
  EXPECT_THAT(with("[2]", "[0,8]", 7), HasSubstr("not within the 7 bytes"));
  EXPECT_THAT(with("[2]", "[8,0]", 8), HasSubstr("not within"));
  EXPECT_THAT(with("[2]", "[0,18446744073709551615]", 8), HasSubstr("not within"));
  EXPECT_THAT(with("[2]", "[18446744073709551615,7]", 8), HasSubstr("not within"));
  EXPECT_THAT(with("[2]", "[0]", 8), HasSubstr("two numbers"));
  EXPECT_THAT(with("[2]", "[]", 8), HasSubstr("two numbers"));
  EXPECT_THAT(with("[2]", "[0,4,8]", 8), HasSubstr("two numbers"));
  EXPECT_THAT(with("[3]", "[0,8]", 8), HasSubstr("need 12 bytes"));
  EXPECT_THAT(with("[4611686018427387904]", "[0,0]", 0), HasSubstr("impossible"));  // 2^62 * 4 = 2^64
  EXPECT_THAT(with("[4294967296,4294967296]", "[0,0]", 0), HasSubstr("impossible"));
  EXPECT_THAT(with("[2]", "[0,8]", 9), HasSubstr("belong to no tensor"));
  EXPECT_THAT(with("[2]", "[1,9]", 9), HasSubstr("begins at byte 1"));

  const auto two = [](const char* first, const char* second, std::size_t data_size) {
    return file_of(fmt::format(R"({{"x":{{"dtype":"U8","shape":[4],"data_offsets":{}}},)"
                               R"("y":{{"dtype":"U8","shape":[4],"data_offsets":{}}}}})",
                               first, second),
                   data_size);
  };
  EXPECT_NO_THROW(parse_safetensors(two("[4,8]", "[0,4]", 8), "file"));  // any order in the header
  EXPECT_THROW(parse_safetensors(two("[0,4]", "[0,4]", 4), "file"), InputError);
  EXPECT_THROW(parse_safetensors(two("[0,4]", "[3,7]", 7), "file"), InputError);
  EXPECT_THROW(parse_safetensors(two("[0,4]", "[5,9]", 9), "file"), InputError);
}

TEST(Safetensors, SurvivesDeepNesting) {
  constexpr std::size_t depth = 2'000'000;
  EXPECT_THROW(parse_safetensors(file_of("{\"x\":" + std::string(depth, '['), 0), "file"), InputError);
  std::string objects;
  for (std::size_t i = 0; i < depth; ++i) objects += "{\"x\":";
  EXPECT_THROW(parse_safetensors(file_of(objects, 0), "file"), InputError);
  EXPECT_THROW(parse_safetensors(file_of("{\"x\":{\"shape\":" + std::string(depth, '['), 0), "file"), InputError);
}

// Random damage may leave a valid file. Anything but InputError, or what a sanitizer sees, is a defect.
TEST(Safetensors, SurvivesRandomDamage) {
  const std::vector<std::byte> good = serialize(small_content());
  std::mt19937 random(7);
  int refused = 0;
  constexpr int trials = 20'000;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<std::byte> bad = good;
    const auto damages = 1 + random() % 3;
    for (unsigned damage = 0; damage < damages; ++damage) {
      const std::size_t place = random() % bad.size();
      static constexpr std::string_view telling = "{}[]\":,0129-\\ \xff\x00";
      switch (random() % 4) {
        case 0:
          bad[place] = static_cast<std::byte>(random() % 256);
          break;
        case 1:
          bad[place] = static_cast<std::byte>(telling[random() % telling.size()]);
          break;
        case 2:
          bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(place));
          break;
        default:
          bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(place), bad[random() % bad.size()]);
      }
    }
    try {
      parse_safetensors(bad, "file");
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, trials / 2);
  EXPECT_LT(refused, trials);
}

TEST(Safetensors, ChecksummedFilesGiveBackTheirContent) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  write_checksummed(path, small_content());
  const SafeTensors back = read_checksummed(path);
  EXPECT_EQ(back.tensors, small_content().tensors);
  EXPECT_EQ(back.metadata, small_content().metadata);
  EXPECT_EQ(read_safetensors(path).metadata_at("checksum").size(), 32U);
  const std::vector<std::byte> once = read_file(path);
  write_checksummed(path, back);
  EXPECT_EQ(read_file(path), once);
}

TEST(Safetensors, EveryFlippedBitIsDetected) {
  std::vector<std::byte> bytes = checksummed_bytes();
  for (std::byte& byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      byte ^= static_cast<std::byte>(1 << bit);
      ASSERT_THAT(message_of<InputError>([&] { parse_checksummed(bytes, "run/x"); }), HasSubstr("run/x is damaged"))
          << "bit " << bit << " of byte " << &byte - bytes.data();
      byte ^= static_cast<std::byte>(1 << bit);
    }
  }
  EXPECT_NO_THROW(parse_checksummed(bytes, "run/x"));
}

TEST(Safetensors, EveryTruncationAndExtensionIsDetected) {
  const std::vector<std::byte> bytes = checksummed_bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_THROW(parse_checksummed({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}, "x"), InputError)
        << size;
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back({});
  EXPECT_THROW(parse_checksummed(longer, "x"), InputError);
}

TEST(Safetensors, DamagedFilesAreNamed) {
  const TemporaryFolder folder;
  std::vector<std::byte> bytes = checksummed_bytes();
  bytes.back() ^= std::byte{1};
  const auto path = folder.write("x.safetensors", bytes);
  EXPECT_THAT(message_of<InputError>([&] { read_checksummed(path); }), HasSubstr(path.string() + " is damaged"));
}

// Valid files that were not written with a checksum, or only look so.
TEST(Safetensors, ForeignChecksumsAreRefused) {
  SafeTensors content = small_content();
  const auto refused = [&] { return message_of<InputError>([&] { parse_checksummed(serialize(content), "x"); }); };
  EXPECT_THAT(refused(), HasSubstr("no checksum"));
  for (const char* checksum : {"", "0", "00000000000000000000000000000000", "\"quoted\""}) {
    content.metadata["checksum"] = checksum;
    EXPECT_THAT(refused(), HasSubstr("does not match its checksum")) << checksum;
  }
}

// The digits as another implementation gives them: python-xxhash's xxh3_128_hexdigest of the file with zeros for
// digits. A change here makes every checkpoint written before unreadable.
TEST(Safetensors, ChecksumIsTheStatedOne) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  SafeTensors content;
  content.tensors["x"] = Tensor::of<float>({1}, std::vector{1.0F});
  write_checksummed(path, content);
  EXPECT_EQ(read_safetensors(path).metadata_at("checksum"), "7ed9bf8f409f898d089407ffa3a93ded");
}

}  // namespace
}  // namespace alfi
