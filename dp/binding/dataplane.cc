// class Dataplane: JavaScript's side of the live data plane.
//   new Dataplane(config, take: (kind, value) => void) — starts; throws without rights
//   expect(nics), policy(tables, kept?), refresh(), stop(detach: boolean)
//   restore(pinRoot: string): void — everything of vmoat's off this host
// `take` gets 'links' | 'segments' | 'nics' | 'addresses' | 'names' | 'flows' | 'threats' | 'status' | 'log'
// and the message's body.
#include <memory>
#include <optional>

#include "binding/dataplane_config.h"
#include "binding/exports.h"
#include "binding/mailbox.h"
#include "binding/messages.h"
#include "binding/policy_tables.h"

namespace vmoat::binding {
namespace {

class DataplaneObject : public Napi::ObjectWrap<DataplaneObject> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Dataplane", DefineClass(env, "Dataplane",
                                         {InstanceMethod<&DataplaneObject::expect>("expect"),
                                          InstanceMethod<&DataplaneObject::policy>("policy"),
                                          InstanceMethod<&DataplaneObject::refresh>("refresh"),
                                          InstanceMethod<&DataplaneObject::stop>("stop")}));
  }

  explicit DataplaneObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    Napi::Env env = info.Env();
    if (!info[0].IsObject() || !info[1].IsFunction()) {
      raise_type(env, "new Dataplane(config, take)");
      return;
    }
    Result<DataplaneConfig> config = dataplane_config(info[0].As<Napi::Object>());
    if (!config) {
      raise(env, config.error());
      return;
    }
    auto take = info[1].As<Napi::Function>();
    take_ = Napi::Persistent(take);
    wake_ = Napi::ThreadSafeFunction::New(env, take, "vmoat data plane", 0, 1);
    Result<std::unique_ptr<Dataplane>> started = Dataplane::start(std::move(*config), mailbox_);
    if (!started) {
      wake_.Release();
      raise(env, started.error());
      return;
    }
    dataplane_ = std::move(*started);
    hook_ = env.AddCleanupHook(std::function<void()>([this] { (void)release(false); }));
    Ref();  // threads know of this object until stop()
  }

  ~DataplaneObject() override { assert(!dataplane_); }

 private:
  void expect(const Napi::CallbackInfo& info) {
    if (!info[0].IsArray()) return raise_type(info.Env(), "expect(nics: {tap, mac, bandwidth}[])");
    if (dataplane_) dataplane_->expect(expected_nics(info[0].As<Napi::Array>()));
  }

  void policy(const Napi::CallbackInfo& info) {
    Result<PolicyTables> tables = policy_tables(info[0]);
    if (!tables) return raise(info.Env(), tables.error());
    if (dataplane_) dataplane_->policy(std::move(*tables), info[1].ToBoolean());
  }

  void refresh(const Napi::CallbackInfo&) {
    if (dataplane_) dataplane_->refresh();
  }

  void stop(const Napi::CallbackInfo& info) {
    if (!dataplane_) return;
    hook_.Remove(info.Env());
    Status stopped = release(info[0].ToBoolean());
    deliver();  // what the threads said last
    Unref();
    if (!stopped) raise(info.Env(), stopped.error());
  }

  Status release(bool detach) {
    Status stopped = dataplane_->stop(detach);
    dataplane_.reset();
    *self_ = nullptr;
    wake_.Release();
    return stopped;
  }

  void deliver() {
    Napi::Env env = Env();
    Napi::HandleScope scope(env);
    Mail mail = mailbox_.take();
    if (mail.links) tell("links", to_object(env, *mail.links));
    if (mail.segments) tell("segments", to_object(env, *mail.segments));
    if (mail.nics) tell("nics", to_object(env, *mail.nics));
    for (const auto& body : mail.addresses) tell("addresses", to_object(env, body));
    for (const auto& body : mail.names) tell("names", to_object(env, body));
    for (const auto& body : mail.flows) tell("flows", to_object(env, body));
    for (const auto& body : mail.threats) tell("threats", to_object(env, body));
    if (mail.status) tell("status", to_object(env, *mail.status, mailbox_.lost_records()));
    for (const LogLine& line : mail.log) tell("log", to_object(env, line));
  }

  /** What `take` throws is an uncaught exception of the process: there is no caller to hand it to. */
  void tell(const char* kind, const Napi::Value& value) {
    take_.Call({Napi::String::New(Env(), kind), value});
    napi_value thrown = nullptr;
    if (Env().IsExceptionPending() && napi_get_and_clear_last_exception(Env(), &thrown) == napi_ok)
      napi_fatal_exception(Env(), thrown);
  }

  std::shared_ptr<DataplaneObject*> self_ =
      std::make_shared<DataplaneObject*>(this);  // for calls on their way
  Napi::FunctionReference take_;
  Napi::ThreadSafeFunction wake_;
  Napi::Env::CleanupHook<std::function<void()>> hook_;
  Mailbox mailbox_{[this, self = self_] {
    wake_.NonBlockingCall([self](Napi::Env, Napi::Function) {
      if (*self) (*self)->deliver();
    });
  }};
  std::unique_ptr<Dataplane> dataplane_;
};

void restore(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) return raise_type(info.Env(), "restore(pinRoot: string)");
  Status restored = Dataplane::restore(info[0].As<Napi::String>().Utf8Value());
  if (!restored) raise(info.Env(), restored.error());
}

}  // namespace

void export_dataplane(Napi::Env env, Napi::Object exports) {
  DataplaneObject::define(env, exports);
  exports.Set("restore", Napi::Function::New<restore>(env, "restore"));
}

}  // namespace vmoat::binding
