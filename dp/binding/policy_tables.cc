// Field by field; the first that is missing or of another kind is told by name. What it means is compile()'s
// to judge.
#include "binding/policy_tables.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace vmoat::binding {
namespace {

/** One object of the tables; the first failure of all of them stays in `failure`. */
class Fields {
 public:
  Fields(const Napi::Value& value, std::string path, std::optional<Error>& failure)
      : path_(std::move(path)), failure_(failure) {
    if (value.IsObject())
      object_ = value.As<Napi::Object>();
    else
      fail("", "is no object");
  }

  [[nodiscard]] bool has(const char* key) { return !get(key).IsEmpty() && !get(key).IsUndefined(); }
  std::string text(const char* key) {
    const Napi::Value value = get(key);
    if (value.IsString()) return value.As<Napi::String>().Utf8Value();
    return fail(key, "is no text"), std::string();
  }
  double whole(const char* key, double most) { return whole(get(key), key, most); }
  uint32_t u32(const char* key) { return static_cast<uint32_t>(whole(key, 4'294'967'295.0)); }
  bool truth(const char* key) {
    const Napi::Value value = get(key);
    if (value.IsBoolean()) return value.As<Napi::Boolean>();
    return fail(key, "is neither true nor false"), false;
  }
  /** The one of the names that it is, by index. */
  size_t one_of(const char* key, std::initializer_list<std::string_view> names) {
    const Napi::Value value = get(key);
    const std::string given = value.IsNull()     ? "null"
                              : value.IsString() ? value.As<Napi::String>().Utf8Value()
                                                 : "";
    size_t index = 0;
    for (const std::string_view name : names) {
      if (name == given) return index;
      index++;
    }
    std::string expected;
    for (const std::string_view name : names) expected += (expected.empty() ? "" : ", ") + std::string(name);
    return fail(key, "is none of " + expected), 0;
  }
  /** Calls each(value, index); nothing behind the first `most` + 1 items is looked at. */
  template <class Each>
  void list(const char* key, size_t most, Each each) {
    const Napi::Value value = get(key);
    if (!value.IsArray()) return fail(key, "is no list");
    const auto array = value.As<Napi::Array>();
    const auto count = static_cast<uint32_t>(std::min<size_t>(array.Length(), most + 1));
    for (uint32_t i = 0; i < count && !failure_; i++) {
      const Napi::HandleScope scope(array.Env());
      each(array.Get(i), std::string(key) + "[" + std::to_string(i) + "]");
    }
  }
  std::vector<std::string> texts(const char* key, size_t most) {
    std::vector<std::string> result;
    list(key, most, [&](const Napi::Value& value, const std::string& field) {
      if (!value.IsString()) return fail(field, "is no text");
      result.push_back(value.As<Napi::String>().Utf8Value());
    });
    return result;
  }
  /** Nothing where it is absent. */
  std::vector<std::string> texts_if_said(const char* key, size_t most) {
    return has(key) ? texts(key, most) : std::vector<std::string>();
  }
  std::vector<uint32_t> numbers(const char* key, size_t most) {
    std::vector<uint32_t> result;
    list(key, most, [&](const Napi::Value& value, const std::string& field) {
      result.push_back(static_cast<uint32_t>(whole(value, field, 4'294'967'295.0)));
    });
    return result;
  }
  Fields object(const char* key) { return inner(get(key), key); }
  Fields inner(const Napi::Value& value, const std::string& field) {
    return {value, path_.empty() ? field : path_ + "." + field, failure_};
  }

 private:
  Napi::Value get(const char* key) { return object_.IsEmpty() ? Napi::Value() : object_.Get(key); }
  double whole(const Napi::Value& value, const std::string& field, double most) {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (number >= 0 && number <= most && number == std::floor(number)) return number;
    return fail(field, "is no whole number from 0 to " + std::to_string(static_cast<uint64_t>(most))), 0;
  }
  void fail(const std::string& field, const std::string& what) {
    if (failure_) return;
    const std::string separator = path_.empty() || field.empty() ? "" : ".";
    failure_ = Error{path_ + separator + field + ": " + what};
  }

  Napi::Object object_;
  std::string path_;
  std::optional<Error>& failure_;
};

/** Counts from 1: 0 is what is not said. */
template <class Said>
Said said_of(Fields& fields, const char* key, std::initializer_list<std::string_view> names) {
  return fields.has(key) ? static_cast<Said>(1 + fields.one_of(key, names)) : Said::unsaid;
}

PolicyProtection read_protection(Fields said) {
  const std::vector<std::string> serves = said.texts_if_said("mayServe", 2);
  PolicyProtection read = {
      .fail_safe_ports = said.texts_if_said("failSafePorts", policy_limits::fail_safe_ports + 1),
      .own_addresses =
          said_of<OwnAddresses>(said, "ownAddresses", {"any", "learned", "leased", "configured"}),
      .may_serve_dhcp = std::ranges::count(serves, "dhcp") > 0,
      .may_route = std::ranges::count(serves, "router") > 0,
      .other_frames = said_of<OtherFrames>(said, "otherFrames", {"pass", "drop"})};
  if (!said.has("opening")) return read;
  Fields opening = said.object("opening");
  read.opening_frames = opening.u32("frames");
  read.opening_bytes = opening.u32("bytes");
  return read;
}

PolicyGroup read_group(Fields group) {
  return {.name = group.text("name"),
          .mode = static_cast<Mode>(group.one_of("mode", {"null", "learn", "monitor", "protect"})),
          .fails_closed = group.one_of("failPolicy", {"open", "closed"}) == 1,
          .addresses = group.texts("addresses", policy_limits::addresses),
          .fqdn = group.texts("fqdn", policy_limits::addresses),
          .protection = group.has("protect") ? read_protection(group.object("protect")) : PolicyProtection{}};
}

PolicyRule read_rule(Fields rule) {
  return {.number = rule.u32("number"),
          .id = rule.text("id"),
          .from = rule.u32("from"),
          .to = rule.u32("to"),
          .applications = rule.texts("applications", policy_limits::rule_entries),
          .ports = rule.texts("ports", policy_limits::rule_entries),
          .action = rule.one_of("action", {"allow", "deny"}) == 0 ? Verdict::allow : Verdict::deny,
          .learned = rule.truth("learned"),
          .continuous = rule.has("continuous") && rule.truth("continuous")};
}

PolicyNic read_nic(Fields nic) {
  PolicyNic read = {.tap = nic.text("tap"),
                    .mac = nic.text("mac"),
                    .groups = nic.numbers("groups", policy_limits::groups_per_end)};
  if (!nic.has("addresses")) return read;
  nic.list("addresses", 2 * policy_limits::nic_addresses,
           [&](const Napi::Value& value, const std::string& field) {
             Fields own = nic.inner(value, field);
             const bool leased = own.one_of("source", {"configured", "leased"}) == 1;
             (leased ? read.leased : read.configured).push_back(own.text("address"));
           });
  return read;
}

PolicyEnd read_end(Fields end) {
  return {.segment = end.u32("segment"),
          .address = end.text("address"),
          .groups = end.numbers("groups", policy_limits::groups_per_end)};
}

}  // namespace

Result<PolicyTables> policy_tables(const Napi::Value& given) {
  std::optional<Error> failure;
  Fields fields(given, "", failure);
  PolicyTables tables;
  const auto list = [&](const char* key, size_t most, auto& into, auto read) {
    if (failure) return;
    fields.list(key, most, [&](const Napi::Value& value, const std::string& field) {
      into.push_back(read(fields.inner(value, field)));
    });
  };
  tables.generation = static_cast<uint64_t>(fields.whole("generation", 9'007'199'254'740'991.0));
  list("groups", policy_limits::groups, tables.groups, read_group);
  list("rules", 2 * policy_limits::rules, tables.rules, read_rule);
  list("nics", policy_limits::nics, tables.nics, read_nic);
  tables.unknown = fields.numbers("unknown", policy_limits::groups_per_end);
  list("ends", policy_limits::ends, tables.ends, read_end);
  if (failure) return std::move(*failure);
  return tables;
}

}  // namespace vmoat::binding
