// gnuplot and what stands in for it: missing, failing, stopping half-way, never ending.
#include "src/report/gnuplot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "alfi/error.hpp"
#include "src/report/drawing.hpp"
#include "src/report/svg.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/search_path.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/xml.hpp"

namespace alfi::report {
namespace {

using test::message_of;
using test::SearchPath;
using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;

class Gnuplot : public ::testing::Test {
 protected:
  /// Puts a shell script in gnuplot's place.
  SearchPath stand_in(const std::string& script) const {
    const auto file = folder_.write("gnuplot", std::string_view("#!/bin/sh\n" + script));
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return SearchPath(folder_.path().string() + ":/usr/bin:/bin");
  }
  std::string failure(std::chrono::milliseconds limit = std::chrono::seconds(20)) const {
    return message_of<RunError>([&] { (void)run_gnuplot("plot x\n", folder_.path(), limit); });
  }

  TemporaryFolder folder_;
};

TEST_F(Gnuplot, DrawsFromAFileInAFolderOfAnyName) {
  if (test::program("gnuplot").empty()) GTEST_SKIP() << "there is no gnuplot";
  const auto folder = folder_.path() / "it's \"a\" $HOME `folder`; with everything";
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "data.csv") << "a,b\n1,2\n2,nan\n3,5\n";
  const std::string drawn = run_gnuplot(drawing(300, 200) + "plot 'data.csv' using 1:2 with points title " +
                                            literal("it's <b> & `c` \"d\" \\ _e^f") + "\n",
                                        folder);
  const auto elements = test::elements_of(embedded({drawn}, "name", "label"));
  int points = 0;
  std::string words;
  for (const auto& element : elements) {
    points += element.name == "use" && element.inside.back() == "g" ? 1 : 0;
    words += element.name == "text" ? element.text : "";
  }
  EXPECT_EQ(points, 3);  // two of the data and one of the legend
  EXPECT_THAT(words, HasSubstr("it's <b> & `c` \"d\" \\ _e^f"));
}

TEST_F(Gnuplot, ThatIsMissingIsNamed) {
  const SearchPath nothing(folder_.path().string());
  EXPECT_THAT(failure(), AllOf(HasSubstr("no gnuplot"), HasSubstr("gnuplot-nox")));
}

TEST_F(Gnuplot, ThatFailsSaysWhy) {
  {
    const SearchPath path = stand_in("echo 'line 0: warning of mine' >&2; exit 3");
    EXPECT_THAT(failure(), AllOf(HasSubstr("exit code 3"), HasSubstr("warning of mine")));
  }
  {
    const SearchPath path = stand_in("kill -SEGV $$");
    EXPECT_THAT(failure(), HasSubstr("signal 11"));
  }
  {
    const SearchPath path = stand_in("cat >/dev/null; yes 'much to say' | head -n 100000 >&2; exit 1");
    EXPECT_LT(failure().size(), 2000U);
  }
  if (test::program("gnuplot").empty()) GTEST_SKIP() << "there is no gnuplot";
  EXPECT_THAT(message_of<RunError>(
                  [&] { (void)run_gnuplot(drawing(300, 200) + "plot 'nothing.csv' using 1:2\n", folder_.path()); }),
              HasSubstr("nothing.csv"));
}

TEST_F(Gnuplot, ThatStopsHalfWayIsNoPicture) {
  const SearchPath path = stand_in("echo '<svg viewBox=\"0 0 1 1\"><g id=\"gnuplot_canvas\"><path'");
  EXPECT_THAT(failure(), HasSubstr("in the middle of a picture"));
}

TEST_F(Gnuplot, ThatDoesNotEndIsStopped) {
  const SearchPath path = stand_in("exec sleep 600");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(failure(std::chrono::milliseconds(200)), HasSubstr("after 0.2 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

// Documents in a page -------------------------------------------------------------------------------------------------

std::string document(const std::string& content) {
  return "<?xml version='1.0'?>\n<svg \n viewBox=\"0 0 300 200\"\n>\n<title>Gnuplot</title>\n<g "
         "id=\"gnuplot_canvas\">\n" +
         content + "</g>\n</svg>\n";
}

TEST(Embedded, HaveIdsOfTheirOwn) {
  const std::string content = "<defs><circle id='p' r='1'/></defs><use href='#p' fill='url(#q)'/>";
  const std::string svg = embedded({document(content), document(content)}, "some", "a <label> & \"more\"");
  const auto elements = test::elements_of(svg);
  std::vector<std::string> ids, references;
  for (const auto& element : elements) {
    if (element.attributes.contains("id")) ids.push_back(element.attributes.at("id"));
    if (element.attributes.contains("href")) references.push_back(element.attributes.at("href"));
  }
  EXPECT_THAT(ids, testing::ElementsAre("some-0", "some-0-p", "some-1", "some-1-p"));
  EXPECT_THAT(references, testing::ElementsAre("#some-0-p", "#some-1-p"));
  EXPECT_THAT(svg, HasSubstr("url(#some-1-q)"));
  EXPECT_EQ(elements[0].attributes.at("aria-label"), "a <label> & \"more\"");
  EXPECT_EQ(elements[0].attributes.at("viewBox"), "0 0 300 200");
  EXPECT_EQ(elements[0].attributes.at("style"), "max-width: 300px");
  EXPECT_THAT(svg, testing::Not(HasSubstr("Gnuplot")));
}

TEST(Embedded, FramesTakeTurnsAndOnePictureDoesNot) {
  const std::string three = embedded({document(""), document(""), document("")}, "film", "");
  // Three frames, the last four times as long: a cycle of 6 × 0.7 s; delays show each in its turn.
  for (const char* const part : {"film-show 4.20s", "16.667%", "66.667%", "#film-0 { animation-delay: -4.20s",
                                 "#film-1 { animation-delay: -3.50s", "#film-2 { animation-delay: -2.80s"})
    EXPECT_THAT(three, HasSubstr(part));
  EXPECT_THAT(embedded({document("")}, "picture", ""), testing::Not(HasSubstr("animation")));
}

TEST(Embedded, RefuseWhatIsNoDocument) {
  EXPECT_THROW((void)embedded({"<svg></svg>"}, "a", ""), RunError);
  EXPECT_THROW((void)embedded({"</svg><g id=\"gnuplot_canvas\"> viewBox=\"0 0 1 1\""}, "a", ""), RunError);
}

// Common parts of figures ---------------------------------------------------------------------------------------------

TEST(Boxes, AreQuantiles) {
  Table table{"boxes", box_columns("of"), {}};
  std::vector<double> values;
  for (int i = 100; i >= 0; --i) values.push_back(i);
  EXPECT_TRUE(add_box(table, "all", values));
  values.push_back(std::nan(""));
  EXPECT_FALSE(add_box(table, "some", values));
  EXPECT_FALSE(add_box(table, "none", {}));
  EXPECT_EQ(to_csv(table), "of,q05,q25,median,q75,q95,mean\nall,5,25,50,75,95,50\n");
}

TEST(Table, WritesTheFewestDigits) {
  EXPECT_EQ(to_csv({"t", {"a", "b"}, {{0.1, "x"}, {std::nan(""), 1e-9}, {-2.0, 1.0 / 3}}}),
            "a,b\n0.1,x\nnan,1e-09\n-2,0.33333334\n");
}

TEST(Ticks, AreRoundAndFew) {
  EXPECT_EQ(wide_ticks(0.9985, 1), "set xtics 0.0005\n");
  EXPECT_EQ(wide_ticks(-1, 1), "set xtics 0.5\n");
  EXPECT_EQ(wide_ticks(0, 0.9), "set xtics 0.5\n");
}

}  // namespace
}  // namespace alfi::report
