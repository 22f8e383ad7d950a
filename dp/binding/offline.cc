// class Offline: JavaScript's side of one offline run.
//   new Offline(path: string, {facts?: boolean, batches?: boolean, applications?: …, fallback?: string})
//   next(): Promise<{kind: 'flows', body: ArrayBuffer} | {kind: 'progress', done, total} | {kind: 'summary',
//   …}>
//     rejects where the file cannot be opened or is no capture; one call at a time, none after the end.
//   close(): void — ends the run early; a pending next() stays pending.
#include <memory>
#include <optional>

#include "binding/engine_config.h"
#include "binding/exports.h"
#include "binding/fallback.h"
#include "binding/offline_run.h"
#include "binding/operator_applications.h"
#include "engine/dataplane.h"

namespace vmoat::binding {
namespace {

/** {name: count} of the counts above zero. */
Napi::Object named_counts(Napi::Env env, Names which, const uint64_t (&values)[64]) {
  Napi::Object result = Napi::Object::New(env);
  size_t index = 0;
  for (std::string_view name : Dataplane::names(which)) {
    if (index < std::size(values) && values[index] > 0)
      result.Set(text(env, name), number(env, values[index]));
    index++;
  }
  return result;
}

Napi::Object kind(Napi::Env env, const char* name) {
  Napi::Object item = Napi::Object::New(env);
  item.Set("kind", name);
  return item;
}

Napi::Object to_object(Napi::Env env, const std::vector<uint8_t>& batch) {
  Napi::ArrayBuffer body = Napi::ArrayBuffer::New(env, batch.size());
  std::copy(batch.begin(), batch.end(), static_cast<uint8_t*>(body.Data()));
  Napi::Object item = kind(env, "flows");
  item.Set("body", body);
  return item;
}

Napi::Object to_object(Napi::Env env, const OfflineProgress& progress) {
  Napi::Object item = kind(env, "progress");
  item.Set("done", number(env, progress.done));
  item.Set("total", number(env, progress.total));
  return item;
}

Napi::Object refused(Napi::Env env, const PipelineCounters& c) {
  return counts(env, {{"sessions", c.sessions_refused},
                      {"openings", c.openings_refused},
                      {"facts", c.facts_refused},
                      {"contents", c.contents_refused},
                      {"fallback", c.fallback_refused},
                      {"fragments", c.fragments_refused},
                      {"tunnels", c.tunnels_refused},
                      {"expectations", c.expectations_displaced}});
}

Napi::Value broken(Napi::Env env, const std::optional<Broken>& where) {
  if (!where) return env.Null();
  Napi::Object result = Napi::Object::New(env);
  result.Set("offset", number(env, where->offset));
  result.Set("reason", where->reason);
  return result;
}

Napi::Object to_object(Napi::Env env, const OfflineSummary& summary) {
  Napi::Object item = kind(env, "summary");
  item.Set("frames", number(env, summary.frames));
  item.Set("flows", number(env, summary.flows));
  item.Set("bytes", number(env, summary.bytes));
  item.Set("unparsed", number(env, summary.counters.unparsed));
  item.Set("anomalies", named_counts(env, Names::anomalies, summary.counters.anomalies));
  item.Set("threats", named_counts(env, Names::threats, summary.counters.threats));
  item.Set("refused", refused(env, summary.counters));
  item.Set("broken", broken(env, summary.broken));
  return item;
}

class Offline : public Napi::ObjectWrap<Offline> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Offline", DefineClass(env, "Offline",
                                       {InstanceMethod<&Offline::next>("next"),
                                        InstanceMethod<&Offline::close>("close")}));
  }

  explicit Offline(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    Napi::Env env = info.Env();
    if (!info[0].IsString()) {
      raise_type(env, "new Offline(path: string, options?)");
      return;
    }
    OfflineRunOptions options;
    if (info[1].IsObject()) {
      auto given = info[1].As<Napi::Object>();
      if (given.Has("facts")) options.facts = given.Get("facts").ToBoolean();
      if (given.Has("batches")) options.batches = given.Get("batches").ToBoolean();
      auto applications = operator_applications(given.Get("applications"));
      if (!applications) {
        raise(env, applications.error());
        return;
      }
      options.applications = std::move(*applications);
      auto unknown = fallback(given.Get("fallback"));
      if (!unknown) {
        raise(env, unknown.error());
        return;
      }
      options.fallback = std::move(*unknown);
      Result<EngineConfig> engine = engine_config(given);
      if (!engine) {
        raise(env, engine.error());
        return;
      }
      options.engine = *engine;
    }
    wake_ = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}),
                                          "vmoat offline", 0, 1);
    wake_.Unref(env);
    hook_ = env.AddCleanupHook(std::function<void()>([this] { release(); }));
    run_.emplace(info[0].As<Napi::String>().Utf8Value(), options, [this, self = self_] {
      wake_.NonBlockingCall([self](Napi::Env, Napi::Function) {
        if (*self) (*self)->deliver();
      });
    });
  }

  ~Offline() override { end(); }

 private:
  Napi::Value next(const Napi::CallbackInfo& info) {
    if (!run_ || pending_) {
      raise(info.Env(), {run_ ? "next() is still pending" : "the run has ended", 0});
      return {};
    }
    pending_.emplace(Napi::Promise::Deferred::New(info.Env()));
    Napi::Promise promise = pending_->Promise();
    Ref();  // the run's thread will come back to this object
    wake_.Ref(info.Env());
    deliver();
    return promise;
  }

  void close(const Napi::CallbackInfo&) {
    settle();
    end();
  }

  void deliver() {
    if (!pending_ || !run_) return;
    std::optional<OfflineItem> item = run_->take();
    if (!item) return;
    Napi::HandleScope scope(Env());
    Napi::Promise::Deferred deferred = *pending_;
    settle();
    const bool last = std::holds_alternative<OfflineSummary>(*item) || std::holds_alternative<Error>(*item);
    if (last) end();
    if (auto* error = std::get_if<Error>(&*item)) {
      Napi::Error rejection = Napi::Error::New(Env(), error->what);
      rejection.Set("errno", Napi::Number::New(Env(), error->code));
      return deferred.Reject(rejection.Value());
    }
    deferred.Resolve(std::visit([this](const auto& value) { return value_of(value); }, *item));
  }

  Napi::Value value_of(const Error&) { return Env().Undefined(); }
  template <class Item>
  Napi::Value value_of(const Item& item) {
    return to_object(Env(), item);
  }

  void settle() {
    if (!pending_) return;
    pending_.reset();
    wake_.Unref(Env());
    Unref();
  }

  void end() {
    if (!run_) return;
    hook_.Remove(Env());
    release();
  }

  /** Afterwards no thread knows of this object, and calls that still wait find nobody. */
  void release() {
    run_.reset();
    *self_ = nullptr;
    wake_.Release();
  }

  std::shared_ptr<Offline*> self_ =
      std::make_shared<Offline*>(this);  // for calls on their way; JS thread only
  Napi::ThreadSafeFunction wake_;
  Napi::Env::CleanupHook<std::function<void()>> hook_;
  std::optional<OfflineRun> run_;
  std::optional<Napi::Promise::Deferred> pending_;
};

}  // namespace

void export_offline(Napi::Env env, Napi::Object exports) {
  Offline::define(env, exports);
}

}  // namespace vmoat::binding
