#include "session/learned_names.h"

#include <doctest/doctest.h>

#include <string>

#include "session/questions.h"

namespace vmoat {
namespace {

constexpr int64_t start_ns = 1'700'000'000 * ns_per_s;
const uint8_t resolver[4] = {10, 0, 0, 53};

NameLesson lesson(std::string_view name, uint8_t host = 1, uint16_t slot = 3, uint32_t ttl_s = 300) {
  const uint8_t address[4] = {192, 0, 2, host};
  return {.name = name,
          .address = Address::v4(address),
          .server = Address::v4(resolver),
          .segment = 1,
          .ttl_s = ttl_s,
          .slot = slot};
}

struct Book {
  explicit Book(uint32_t capacity = 64, uint32_t per_nic = 16) : names(SipHash(1, 2), capacity, per_nic) {}

  std::vector<NameRecord> news(int64_t at_s = 0) {
    std::vector<NameRecord> all;
    names.take_news(start_ns + at_s * ns_per_s, all);
    return all;
  }
  void learn(const NameLesson& l, int64_t at_s = 0) { names.learn(l, start_ns + at_s * ns_per_s); }
  std::vector<std::string> of(uint8_t host, int64_t at_s = 0, uint32_t segment = 1) {
    std::vector<std::string> all;
    names.of(segment, lesson("x", host).address, start_ns + at_s * ns_per_s,
             [&](std::string_view name, uint16_t slot) {
               all.push_back(std::string(name) + "@" + std::to_string(slot));
               return false;
             });
    std::sort(all.begin(), all.end());
    return all;
  }
  LearnedNames names;
};

std::string name_of(const NameRecord& r) {
  return {reinterpret_cast<const char*>(r.name), r.name_length};
}

using All = std::vector<std::string>;

}  // namespace

TEST_CASE("learned names: what was learned is news once, with its end") {
  Book book;
  book.learn(lesson("www.example.org"));
  const auto news = book.news();
  REQUIRE(news.size() == 1);
  CHECK(name_of(news[0]) == "www.example.org");
  CHECK(news[0].ttl_s == 300);
  CHECK(news[0].slot == 3);
  CHECK(news[0].segment == 1);
  CHECK(news[0].gone == 0);
  CHECK(news[0].until_ns == start_ns + 330 * ns_per_s);
  CHECK(news[0].address[15] == 1);
  CHECK(news[0].server[15] == 53);
  CHECK(book.news().empty());
}

TEST_CASE("learned names: an address has the names of all NICs, in its segment only") {
  Book book;
  book.learn(lesson("b"));
  book.learn(lesson("a"));
  book.learn(lesson("a", 1, 4));
  book.learn(lesson("c", 2));
  CHECK(book.of(1) == All{"a@3", "a@4", "b@3"});
  CHECK(book.of(2) == All{"c@3"});
  CHECK(book.of(3).empty());
  CHECK(book.of(1, 0, 2).empty());
}

TEST_CASE("learned names: the TTL ends it, between a minute and a day") {
  Book book;
  book.learn(lesson("short", 1, 3, 0));
  book.learn(lesson("long", 2, 3, 4'000'000'000));
  const auto news = book.news();
  CHECK(news[0].ttl_s == 60);
  CHECK(news[1].ttl_s == 86400);
  CHECK(book.of(1, 89) == All{"short@3"});
  CHECK(book.of(1, 90).empty());
  CHECK(book.news(100).empty());  // whoever was told knows the end
  CHECK(book.names.known() == 1);
  for (int64_t at_s = 3600; at_s < 86400; at_s += 3600) (void)book.news(at_s);
  CHECK(book.of(2, 86400) == All{"long@3"});
  (void)book.news(90000);
  CHECK(book.names.known() == 0);
}

TEST_CASE("learned names: asked again it counts for longer, and is news where that matters") {
  Book book;
  book.learn(lesson("a", 1, 3, 60));
  (void)book.news();
  for (int64_t at_s = 1; at_s < 30; at_s++) book.learn(lesson("a", 1, 3, 60), at_s);
  CHECK(book.news(30).empty());
  book.learn(lesson("a", 1, 3, 60), 30);
  const auto news = book.news(31);
  REQUIRE(news.size() == 1);
  CHECK(news[0].until_ns == start_ns + 120 * ns_per_s);
  CHECK(book.of(1, 119) == All{"a@3"});
  book.learn(lesson("a", 1, 3, 86400), 40);
  book.learn(lesson("a", 1, 3, 60), 41);  // a shorter one takes nothing back
  CHECK(book.of(1, 80000) == All{"a@3"});
}

TEST_CASE("learned names: a NIC has its share, its own oldest goes") {
  Book book(64, 4);
  book.learn(lesson("other", 9, 5));
  for (int i = 0; i < 4; i++) book.learn(lesson("n" + std::to_string(i)));
  book.learn(lesson("n0", 1, 3, 86400));  // not the oldest any more
  book.learn(lesson("n4"));
  CHECK(book.of(1) == All{"n0@3", "n2@3", "n3@3", "n4@3"});
  CHECK(book.of(9) == All{"other@5"});
  CHECK(book.names.displaced() == 1);
  const auto news = book.news();
  REQUIRE(news.size() == 8);
  CHECK(name_of(news[6]) == "n1");
  CHECK(news[6].gone == 1);
}

TEST_CASE("learned names: a full table takes from whoever has most") {
  Book book(8, 6);
  for (int i = 0; i < 6; i++) book.learn(lesson("greedy" + std::to_string(i), 1, 3));
  for (int i = 0; i < 4; i++) book.learn(lesson("modest" + std::to_string(i), 2, 4));
  CHECK(book.of(2).size() == 4);
  CHECK(book.of(1) == All{"greedy2@3", "greedy3@3", "greedy4@3", "greedy5@3"});
  CHECK(book.names.displaced() == 2);
}

TEST_CASE("learned names: everything is told again, in pieces where it is much") {
  constexpr uint32_t many = LearnedNames::news_max + 500;
  Book book(2 * many, 2 * many);
  for (uint32_t i = 0; i < many; i++) book.learn(lesson("n" + std::to_string(i)));
  CHECK(book.news().size() == LearnedNames::news_max);
  CHECK(book.news().size() == 500);
  CHECK(book.news().empty());
  book.names.retell();
  CHECK(book.news().size() == LearnedNames::news_max);
  CHECK(book.news().size() == 500);
  CHECK(book.news().empty());
}

TEST_CASE("learned names: a NIC that is gone takes its names with it") {
  Book book;
  book.learn(lesson("a", 1, 3));
  book.learn(lesson("b", 1, 3));
  book.learn(lesson("a", 1, 4));
  (void)book.news();
  book.names.forget_nic(3);
  CHECK(book.of(1) == All{"a@4"});
  const auto news = book.news();
  REQUIRE(news.size() == 2);
  CHECK((news[0].gone == 1 && news[1].gone == 1));
  CHECK(book.names.displaced() == 0);
}

TEST_CASE("learned names: ten thousand names of one address come and go") {
  Book book(1024, 1024);
  for (int i = 0; i < 10'000; i++) {
    book.learn(lesson("n" + std::to_string(i), 1, static_cast<uint16_t>(1 + i % 3)), i / 50);
    if (i % 100 == 0) (void)book.news(i / 50);
  }
  CHECK(book.of(1, 200).size() == 1024);
  (void)book.news(2000);
  CHECK(book.names.known() == 0);
  CHECK(book.of(1, 200).empty());
}

TEST_CASE("learned names: nobody's and overlong ones are not taken") {
  Book book;
  book.learn(lesson("a", 1, no_slot));
  book.learn(lesson("a", 1, VMOAT_SLOTS));
  book.learn(lesson(""));
  book.learn(lesson(std::string(254, 'a')));
  CHECK(book.names.known() == 0);
  book.learn(lesson(std::string(253, 'a')));
  CHECK(book.of(1).size() == 1);
}

TEST_CASE("questions: an answer repeats everything, in time, and once") {
  Questions questions(SipHash(1, 2));
  const Mac to = {2, 0, 0, 0, 0, 1};
  const AskedName asked = {7, 0xbeef, 1, "www.example.org"};
  Mac server{};
  CHECK_FALSE(questions.take(asked, server, start_ns));
  questions.add(asked, to, start_ns);
  for (const AskedName& other :
       {AskedName{8, 0xbeef, 1, "www.example.org"}, AskedName{7, 0xbeee, 1, "www.example.org"},
        AskedName{7, 0xbeef, 28, "www.example.org"}, AskedName{7, 0xbeef, 1, "www.example.or"}})
    CHECK_FALSE(questions.take(other, server, start_ns));
  CHECK(questions.take(asked, server, start_ns + ns_per_s));
  CHECK(server == to);
  CHECK_FALSE(questions.take(asked, server, start_ns + ns_per_s));
  questions.add(asked, to, start_ns);
  CHECK_FALSE(questions.take(asked, server, start_ns + Questions::answer_time_ns + 1));
}

TEST_CASE("questions: a flood pushes out the oldest") {
  Questions questions(SipHash(1, 2));
  const Mac to{};
  Mac server{};
  const auto numbered = [](uint64_t flow) { return AskedName{flow, 1, 1, "a"}; };
  constexpr uint64_t flood = 10 * Questions::places * Questions::ways;
  for (uint64_t i = 1; i <= flood; i++) questions.add(numbered(i), to, start_ns + static_cast<int64_t>(i));
  CHECK_FALSE(questions.take(numbered(1), server, start_ns + ns_per_s));
  CHECK(questions.take(numbered(flood), server, start_ns + ns_per_s));
}

}  // namespace vmoat
