/* The C interface of libkinde for C++17: handles that free themselves, and exceptions. What the calls do, which JSON they
 * take and give, and with which status they fail, is said in kinde.h. */
#ifndef KINDE_HPP
#define KINDE_HPP

#include <kinde.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace kinde {

/* Why a call failed. what() is the message. */
class error : public std::runtime_error {
public:
    error(kinde_status status, const std::string &message) : std::runtime_error(message), status_(status) {}

    /* Takes over `source`, which may be null. */
    error(kinde_status status, kinde_error *source)
        : std::runtime_error(source != nullptr ? kinde_error_message(source) : kinde_status_name(status)),
          status_(status), source_(source, kinde_error_free) {}

    kinde_status status() const noexcept { return status_; }
    const char *status_name() const noexcept { return kinde_status_name(status_); }
    std::optional<std::string> oauth_code() const { return text(kinde_error_oauth_code); }
    std::optional<std::string> oauth_description() const { return text(kinde_error_oauth_description); }
    std::optional<std::string> field() const { return text(kinde_error_field); }

    std::optional<int> http_status() const {
        const auto number = source_ ? kinde_error_http_status(source_.get()) : 0;
        return number == 0 ? std::nullopt : std::optional<int>(number);
    }

    std::optional<std::int64_t> retry_after_seconds() const {
        const auto seconds = source_ ? kinde_error_retry_after_seconds(source_.get()) : -1;
        return seconds < 0 ? std::nullopt : std::optional<std::int64_t>(seconds);
    }

    /* All of it as a JSON object. */
    std::string details() const {
        char *json = nullptr;
        if (!source_ || kinde_error_details(source_.get(), &json) != KINDE_STATUS_OK) {
            return "{}";
        }
        const std::unique_ptr<char, decltype(&kinde_string_free)> owner(json, kinde_string_free);
        return json;
    }

private:
    std::optional<std::string> text(const char *(*get)(const kinde_error *)) const {
        const char *found = source_ ? get(source_.get()) : nullptr;
        return found == nullptr ? std::nullopt : std::optional<std::string>(found);
    }

    kinde_status status_;
    std::shared_ptr<kinde_error> source_; /* shared, because an exception is copied */
};

/* What a completion gets; the pointers live until it returns. Null where there is nothing. */
struct completed {
    kinde_status status;
    const char *result_json;
    kinde_session *session;
    const kinde_error *error;
};

/* Runs once, on a thread of the library, where it may block. It must not throw. */
using completion = std::function<void(const completed &)>;

namespace detail {

/* C text ends at its first NUL, and what follows would be lost without a word. */
inline const char *c_text(const std::string &text) {
    if (text.find('\0') != std::string::npos) {
        throw error(KINDE_STATUS_INVALID_ARGUMENT, "a text holds a NUL character");
    }
    return text.c_str();
}

inline const char *c_text(const std::optional<std::string> &text) { return text ? c_text(*text) : nullptr; }

template <typename Call> void run(Call call) {
    kinde_error *failure = nullptr;
    const kinde_status status = call(&failure);
    if (status != KINDE_STATUS_OK) {
        throw error(status, failure);
    }
}

template <typename Answer, typename Call> Answer ask(Call call) {
    Answer answer{};
    run([&](kinde_error **failure) { return call(&answer, failure); });
    return answer;
}

template <typename Call> std::string ask_text(Call call) {
    const std::unique_ptr<char, decltype(&kinde_string_free)> text(ask<char *>(call), kinde_string_free);
    return text ? text.get() : "";
}

extern "C" inline void kinde_hpp_complete(void *userdata, kinde_status status, const char *result_json,
                                          kinde_session *session, const kinde_error *failure) {
    const std::unique_ptr<completion> done(static_cast<completion *>(userdata));
    (*done)(completed{status, result_json, session, failure});
}

template <typename Handle, Handle *(*reference)(Handle *), void (*release)(Handle *)> class counted {
public:
    explicit counted(Handle *handle) noexcept : handle_(handle) {}
    counted(const counted &other) noexcept : handle_(other.handle_ ? reference(other.handle_.get()) : nullptr) {}
    counted(counted &&) noexcept = default;
    counted &operator=(counted other) noexcept {
        handle_ = std::move(other.handle_);
        return *this;
    }

    Handle *get() const noexcept { return handle_.get(); }

private:
    struct deleter {
        void operator()(Handle *handle) const noexcept { release(handle); }
    };
    std::unique_ptr<Handle, deleter> handle_;
};

} // namespace detail

/* An asynchronous call under way. Destroying it does not cancel the call. */
class task {
public:
    explicit task(kinde_task *handle) noexcept : handle_(handle) {}
    void cancel() noexcept { kinde_task_cancel(handle_.get()); }

private:
    struct deleter {
        void operator()(kinde_task *handle) const noexcept { kinde_task_free(handle); }
    };
    std::unique_ptr<kinde_task, deleter> handle_;
};

namespace detail {

template <typename Call> task start(completion done, Call call) {
    auto userdata = std::make_unique<completion>(std::move(done));
    kinde_task *handle = nullptr;
    run([&](kinde_error **failure) { return call(kinde_hpp_complete, userdata.get(), &handle, failure); });
    userdata.release(); /* kinde_hpp_complete has it, perhaps done with it already */
    return task(handle);
}

} // namespace detail

/* A store of sessions of the program's own. Functions come from several threads at once, and may throw: the library's call
 * then fails with KINDE_STATUS_STORE and what() as the reason. */
class store {
public:
    struct record {
        std::uint64_t version;
        std::string text;
    };

    virtual ~store() = default;
    virtual std::optional<record> load(const std::string &key) = 0;
    /* Writes if the record's version is `expected`, or there is none and `expected` is empty; false if not. One step. */
    virtual bool save(const std::string &key, std::optional<std::uint64_t> expected, const record &record,
                      std::chrono::milliseconds life) = 0;
    /* Deletes if the record's version is `expected`, or that is empty; false if another version is there. One step. */
    virtual bool remove(const std::string &key, std::optional<std::uint64_t> expected) = 0;
    /* Takes the lease, or prolongs the one that is `held`, and gives its value; empty if somebody else holds it. */
    virtual std::optional<std::uint64_t> lease(const std::string &key, std::optional<std::uint64_t> held,
                                               std::chrono::milliseconds life) = 0;
    virtual void release(const std::string &key, std::uint64_t value) = 0;
};

namespace detail {

inline std::optional<std::uint64_t> unless_zero(std::uint64_t number) {
    return number == 0 ? std::nullopt : std::optional<std::uint64_t>(number);
}

/* No exception may leave a callback. */
template <typename Work> kinde_status answer(void *userdata, kinde_store_reply *reply, Work work) noexcept {
    try {
        return work(**static_cast<std::shared_ptr<store> *>(userdata)) ? KINDE_STATUS_OK : KINDE_STATUS_CONFLICT;
    } catch (const std::exception &failure) {
        kinde_store_reply_message(reply, failure.what());
    } catch (...) {
    }
    return KINDE_STATUS_STORE;
}

extern "C" inline kinde_status kinde_hpp_store_load(void *userdata, const char *key, kinde_store_reply *reply) {
    return answer(userdata, reply, [&](store &host) {
        if (const auto found = host.load(key)) {
            kinde_store_reply_record(reply, found->version, found->text.c_str());
        }
        return true;
    });
}

extern "C" inline kinde_status kinde_hpp_store_save(void *userdata, const char *key, std::uint64_t expected,
                                                    std::uint64_t version, const char *text, std::int64_t life_ms,
                                                    kinde_store_reply *reply) {
    return answer(userdata, reply, [&](store &host) {
        return host.save(key, unless_zero(expected), store::record{version, text}, std::chrono::milliseconds(life_ms));
    });
}

extern "C" inline kinde_status kinde_hpp_store_delete(void *userdata, const char *key, std::uint64_t expected,
                                                      kinde_store_reply *reply) {
    return answer(userdata, reply, [&](store &host) { return host.remove(key, unless_zero(expected)); });
}

extern "C" inline kinde_status kinde_hpp_store_lease(void *userdata, const char *key, std::uint64_t held,
                                                     std::int64_t life_ms, kinde_store_reply *reply) {
    return answer(userdata, reply, [&](store &host) {
        const auto value = host.lease(key, unless_zero(held), std::chrono::milliseconds(life_ms));
        if (value) {
            kinde_store_reply_lease(reply, *value);
        }
        return value.has_value();
    });
}

extern "C" inline kinde_status kinde_hpp_store_release(void *userdata, const char *key, std::uint64_t value,
                                                       kinde_store_reply *reply) {
    return answer(userdata, reply, [&](store &host) {
        host.release(key, value);
        return true;
    });
}

extern "C" inline void kinde_hpp_store_drop(void *userdata) { delete static_cast<std::shared_ptr<store> *>(userdata); }

} // namespace detail

class config {
public:
    config() : handle_(kinde_config_new()) {
        if (!handle_) {
            throw std::bad_alloc();
        }
    }

    config &set(const std::string &name, const std::string &value) {
        detail::run([&](auto e) { return kinde_config_set(get(), detail::c_text(name), detail::c_text(value), e); });
        return *this;
    }
    config &load_json(const std::string &json) {
        detail::run([&](auto e) { return kinde_config_load_json(get(), detail::c_text(json), e); });
        return *this;
    }
    config &load_env() {
        detail::run([&](auto e) { return kinde_config_load_env(get(), e); });
        return *this;
    }

    /* The store lives at least as long as the clients that are made with it, and their sessions. */
    config &set_store(std::shared_ptr<store> host) {
        if (!host) {
            throw error(KINDE_STATUS_NULL_ARGUMENT, "the store is null");
        }
        auto userdata = std::make_unique<std::shared_ptr<store>>(std::move(host));
        detail::run([&](auto e) {
            return kinde_config_set_store(get(), detail::kinde_hpp_store_load, detail::kinde_hpp_store_save,
                                          detail::kinde_hpp_store_delete, detail::kinde_hpp_store_lease,
                                          detail::kinde_hpp_store_release, detail::kinde_hpp_store_drop, userdata.get(), e);
        });
        userdata.release(); /* kinde_hpp_store_drop has it */
        return *this;
    }

    kinde_config *get() const noexcept { return handle_.get(); }

private:
    struct deleter {
        void operator()(kinde_config *handle) const noexcept { kinde_config_free(handle); }
    };
    std::unique_ptr<kinde_config, deleter> handle_;
};

/* One application. Immutable; any number of threads may use it. A copy is another reference to the same client. */
class client : public detail::counted<kinde_client, kinde_client_ref, kinde_client_free> {
public:
    explicit client(const config &settings)
        : counted(detail::ask<kinde_client *>([&](auto out, auto e) { return kinde_client_new(settings.get(), out, e); })) {}
    explicit client(kinde_client *owned) noexcept : counted(owned) {}

    client derive(const std::string &overrides) const {
        return client(detail::ask<kinde_client *>(
            [&](auto out, auto e) { return kinde_client_derive(get(), detail::c_text(overrides), out, e); }));
    }
    void prepare() const {
        detail::run([&](auto e) { return kinde_client_prepare(get(), e); });
    }
    std::string stats() const {
        return detail::ask_text([&](auto out, auto e) { return kinde_client_stats(get(), out, e); });
    }

    std::string authorization_url(const std::string &params = "{}") const { return call(kinde_authorization_url, params); }
    std::string exchange_code(const std::string &params) const { return call(kinde_exchange_code, params); }
    std::string refresh_tokens(const std::string &params) const { return call(kinde_refresh_tokens, params); }
    std::string client_credentials(const std::string &params = "{}") const { return call(kinde_client_credentials, params); }
    std::string logout_url(const std::string &params = "{}") const { return call(kinde_logout_url, params); }
    std::string revoke_token(const std::string &params) const { return call(kinde_revoke_token, params); }
    std::string introspect_token(const std::string &params) const { return call(kinde_introspect_token, params); }
    std::string user_profile(const std::string &params) const { return call(kinde_user_profile, params); }
    std::string device_start(const std::string &params = "{}") const { return call(kinde_device_start, params); }
    std::string device_poll(const std::string &params) const { return call(kinde_device_poll, params); }

    /* {cookies: [{set_cookie, name, value, attributes, delete}]} */
    std::string cookie_split(const std::string &params) const { return call(kinde_cookie_split, params); }
    /* {value, parts} */
    std::string cookie_join(const std::string &params) const { return call(kinde_cookie_join, params); }

    /* The token's claims as a JSON object. */
    std::string verify_token(const std::string &token, const std::optional<std::string> &options = std::nullopt) const {
        return detail::ask_text([&](auto out, auto e) {
            return kinde_verify_token(get(), detail::c_text(token), detail::c_text(options), out, e);
        });
    }

    /* The event of a request from Kinde: {type, event_id, timestamp, source, data, duplicate}. */
    std::string webhook_decode(const std::string &body, const std::optional<std::string> &options = std::nullopt) const {
        return detail::ask_text([&](auto out, auto e) {
            return kinde_webhook_decode(get(), detail::c_text(body), detail::c_text(options), out, e);
        });
    }
    /* The event was handled. */
    void webhook_done(const std::string &event_id) const {
        detail::run([&](auto e) { return kinde_webhook_done(get(), detail::c_text(event_id), e); });
    }

    /* An operation of Kinde's APIs, with the client's machine token: {status, headers, data}. */
    std::string api_call(const std::string &operation, const std::string &params = "{}") const {
        return detail::ask_text([&](auto out, auto e) {
            return kinde_api_call(get(), detail::c_text(operation), detail::c_text(params), out, e);
        });
    }
    task api_call_async(const std::string &operation, const std::string &params, completion done) const {
        return detail::start(std::move(done), [&](auto... rest) {
            return kinde_api_call_async(get(), detail::c_text(operation), detail::c_text(params), rest...);
        });
    }
    /* {results, failures} */
    std::string api_call_many(const std::string &calls) const { return call(kinde_api_call_many, calls); }

    /* Ends the session that is kept under this id. */
    void delete_session(const std::string &id) const {
        detail::run([&](auto e) { return kinde_session_delete(get(), detail::c_text(id), e); });
    }
    /* Ends all sessions of a user in the store. */
    void revoke_sessions(const std::string &sub) const {
        detail::run([&](auto e) { return kinde_sessions_revoke(get(), detail::c_text(sub), e); });
    }

    task prepare_async(completion done) const {
        return detail::start(std::move(done), [&](auto... rest) { return kinde_client_prepare_async(get(), rest...); });
    }
    task verify_token_async(const std::string &token, const std::optional<std::string> &options, completion done) const {
        return detail::start(std::move(done), [&](auto... rest) {
            return kinde_verify_token_async(get(), detail::c_text(token), detail::c_text(options), rest...);
        });
    }
    /* Any other asynchronous call that takes a client and a text: `start(kinde_exchange_code_async, params, done)`. */
    template <typename Call> task start(Call twin, const std::string &params, completion done) const {
        return detail::start(std::move(done), [&](auto... rest) { return twin(get(), detail::c_text(params), rest...); });
    }

private:
    template <typename Call> std::string call(Call function, const std::string &params) const {
        return detail::ask_text([&](auto out, auto e) { return function(get(), detail::c_text(params), out, e); });
    }
};

/* All operations of Kinde's APIs: {groups, operations, models}. */
inline std::string api_catalogue() {
    return detail::ask_text([](auto out, auto e) { return kinde_api_catalogue(out, e); });
}

/* One user's sign-in. Any number of threads may use it. A copy is another reference to the same session. */
class session : public detail::counted<kinde_session, kinde_session_ref, kinde_session_free> {
public:
    explicit session(const client &owner)
        : counted(detail::ask<kinde_session *>([&](auto out, auto e) { return kinde_session_new(owner.get(), out, e); })) {}
    explicit session(kinde_session *owned) noexcept : counted(owned) {}

    static session from_tokens(const client &owner, const std::string &token_set) {
        return session(detail::ask<kinde_session *>([&](auto out, auto e) {
            return kinde_session_from_tokens(owner.get(), detail::c_text(token_set), out, e);
        }));
    }

    /* The session that was saved under this id. */
    static session load(const client &owner, const std::string &id) {
        return session(detail::ask<kinde_session *>(
            [&](auto out, auto e) { return kinde_session_load(owner.get(), detail::c_text(id), out, e); }));
    }
    /* The session that was sealed. */
    static session open(const client &owner, const std::string &sealed) {
        return session(detail::ask<kinde_session *>(
            [&](auto out, auto e) { return kinde_session_open(owner.get(), detail::c_text(sealed), out, e); }));
    }

    /* Gives the id for `load`. */
    std::string save() const { return ask_json(kinde_session_save); }
    /* Gives the text for `open`. */
    std::string seal(const std::string &params = "{}") const { return call(kinde_session_seal, params); }
    /* Differs when the session is to be saved or sealed again. */
    std::uint64_t revision() const { return ask<std::uint64_t>(kinde_session_revision); }

    std::string login_url(const std::string &params = "{}") const { return call(kinde_session_login_url, params); }
    std::string register_url(const std::string &params = "{}") const { return call(kinde_session_register_url, params); }
    std::string create_org_url(const std::string &params = "{}") const { return call(kinde_session_create_org_url, params); }
    std::string logout(const std::string &params = "{}") const { return call(kinde_session_logout, params); }
    std::string logout_url(const std::string &params = "{}") const { return call(kinde_session_logout_url, params); }
    /* {outcome, return_to, url} */
    std::string handle_callback(const std::string &url_or_query) const {
        return call(kinde_session_handle_callback, url_or_query);
    }
    void client_credentials(const std::string &params = "{}") const {
        detail::run([&](auto e) { return kinde_session_client_credentials(get(), detail::c_text(params), e); });
    }
    void refresh() const {
        detail::run([&](auto e) { return kinde_session_refresh(get(), e); });
    }
    /* Whether it had to refresh. */
    bool ensure_fresh(std::int64_t min_seconds) const {
        return detail::ask<bool>([&](auto out, auto e) { return kinde_session_ensure_fresh(get(), min_seconds, out, e); });
    }

    task handle_callback_async(const std::string &url_or_query, completion done) const {
        return start(kinde_session_handle_callback_async, url_or_query, std::move(done));
    }
    task save_async(completion done) const {
        return detail::start(std::move(done), [&](auto... rest) { return kinde_session_save_async(get(), rest...); });
    }
    task refresh_async(completion done) const {
        return detail::start(std::move(done), [&](auto... rest) { return kinde_session_refresh_async(get(), rest...); });
    }
    task ensure_fresh_async(std::int64_t min_seconds, completion done) const {
        return detail::start(std::move(done),
                             [&](auto... rest) { return kinde_session_ensure_fresh_async(get(), min_seconds, rest...); });
    }
    /* Any other asynchronous call that takes a session and a text: `start(kinde_session_logout_async, params, done)`. */
    template <typename Call> task start(Call twin, const std::string &params, completion done) const {
        return detail::start(std::move(done), [&](auto... rest) { return twin(get(), detail::c_text(params), rest...); });
    }

    bool is_authenticated() const {
        return detail::ask<bool>([&](auto out, auto e) { return kinde_session_is_authenticated(get(), out, e); });
    }
    /* Seconds since 1970. */
    std::int64_t expires_at() const {
        return detail::ask<std::int64_t>([&](auto out, auto e) { return kinde_session_expires_at(get(), out, e); });
    }
    std::string access_token() const {
        return detail::ask_text([&](auto out, auto e) { return kinde_session_access_token(get(), out, e); });
    }
    std::string tokens() const { return ask_json(kinde_session_tokens); }

    std::string claims(std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const { return ask_json(kinde_session_claims, token_type); }
    std::string claim(const std::string &name, std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const {
        return ask_json(kinde_session_claim, detail::c_text(name), token_type);
    }
    std::string claim_string(const std::string &name, std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const {
        return ask_json(kinde_session_claim_string, detail::c_text(name), token_type);
    }
    std::int64_t claim_integer(const std::string &name, std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const {
        return ask<std::int64_t>(kinde_session_claim_integer, detail::c_text(name), token_type);
    }
    bool claim_boolean(const std::string &name, std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const {
        return ask<bool>(kinde_session_claim_boolean, detail::c_text(name), token_type);
    }

    std::string permissions(std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const {
        return ask_json(kinde_session_permissions, token_type);
    }
    bool has_permission(const std::string &permission, std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const {
        return ask<bool>(kinde_session_has_permission, detail::c_text(permission), token_type);
    }
    std::string roles(std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const { return ask_json(kinde_session_roles, token_type); }
    bool has_role(const std::string &key, std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const {
        return ask<bool>(kinde_session_has_role, detail::c_text(key), token_type);
    }
    bool has(const std::string &conditions) const { return ask<bool>(kinde_session_has, detail::c_text(conditions)); }

    std::string flags(std::int32_t token_type = KINDE_TOKEN_TYPE_ACCESS) const { return ask_json(kinde_session_flags, token_type); }
    /* {code, type, value, is_default} */
    std::string flag(const std::string &code, const std::optional<std::string> &default_json = std::nullopt,
                     const std::optional<std::string> &type = std::nullopt) const {
        return ask_json(kinde_session_flag, detail::c_text(code), detail::c_text(default_json), detail::c_text(type));
    }
    bool flag_boolean(const std::string &code, std::optional<bool> otherwise = std::nullopt) const {
        return ask<bool>(kinde_session_flag_boolean, detail::c_text(code), otherwise ? &*otherwise : nullptr);
    }
    std::int64_t flag_integer(const std::string &code, std::optional<std::int64_t> otherwise = std::nullopt) const {
        return ask<std::int64_t>(kinde_session_flag_integer, detail::c_text(code), otherwise ? &*otherwise : nullptr);
    }
    std::string flag_string(const std::string &code, const std::optional<std::string> &otherwise = std::nullopt) const {
        return ask_json(kinde_session_flag_string, detail::c_text(code), detail::c_text(otherwise));
    }

    std::string organization() const { return ask_json(kinde_session_organization); }
    std::string organizations() const { return ask_json(kinde_session_organizations); }
    std::string user() const { return ask_json(kinde_session_user); }

    /* An operation of Kinde's APIs, with the session's token: {status, headers, data}. */
    std::string api_call(const std::string &operation, const std::string &params = "{}") const {
        return ask_json(kinde_session_api_call, detail::c_text(operation), detail::c_text(params));
    }
    task api_call_async(const std::string &operation, const std::string &params, completion done) const {
        return detail::start(std::move(done), [&](auto... rest) {
            return kinde_session_api_call_async(get(), detail::c_text(operation), detail::c_text(params), rest...);
        });
    }

    /* What Kinde knows now, instead of the tokens: `fetch("roles")`. */
    std::string fetch(const std::string &what, const std::string &params = "{}") const {
        return ask_json(kinde_session_fetch, detail::c_text(what), detail::c_text(params));
    }
    bool fetch_has(const std::string &conditions) const { return ask<bool>(kinde_session_fetch_has, detail::c_text(conditions)); }
    task fetch_async(const std::string &what, const std::string &params, completion done) const {
        return detail::start(std::move(done), [&](auto... rest) {
            return kinde_session_fetch_async(get(), detail::c_text(what), detail::c_text(params), rest...);
        });
    }
    task fetch_has_async(const std::string &conditions, completion done) const {
        return start(kinde_session_fetch_has_async, conditions, std::move(done));
    }

private:
    template <typename Call> std::string call(Call function, const std::string &text) const {
        return detail::ask_text([&](auto out, auto e) { return function(get(), detail::c_text(text), out, e); });
    }
    template <typename Answer, typename Call, typename... In> Answer ask(Call function, In... in) const {
        return detail::ask<Answer>([&](auto out, auto e) { return function(get(), in..., out, e); });
    }
    template <typename Call, typename... In> std::string ask_json(Call function, In... in) const {
        return detail::ask_text([&](auto out, auto e) { return function(get(), in..., out, e); });
    }
};

/* A list of an API, read page by page, with the client's machine token or a session's. */
class pages {
public:
    pages(const session &owner, const std::string &operation, const std::string &params = "{}")
        : handle_(detail::ask<kinde_pages *>([&](auto out, auto e) {
              return kinde_session_pages_new(owner.get(), detail::c_text(operation), detail::c_text(params), out, e);
          })) {}

    pages(const client &owner, const std::string &operation, const std::string &params = "{}")
        : handle_(detail::ask<kinde_pages *>([&](auto out, auto e) {
              return kinde_pages_new(owner.get(), detail::c_text(operation), detail::c_text(params), out, e);
          })) {}

    /* {items, status, headers, data}; empty at the end. */
    std::optional<std::string> next() const {
        const std::string page = detail::ask_text([&](auto out, auto e) { return kinde_pages_next(get(), out, e); });
        return page.empty() ? std::nullopt : std::optional<std::string>(page);
    }
    task next_async(completion done) const {
        return detail::start(std::move(done), [&](auto... rest) { return kinde_pages_next_async(get(), rest...); });
    }

    kinde_pages *get() const noexcept { return handle_.get(); }

private:
    struct deleter {
        void operator()(kinde_pages *handle) const noexcept { kinde_pages_free(handle); }
    };
    std::unique_ptr<kinde_pages, deleter> handle_;
};

/* Ends all calls under way as cancelled and joins the library's threads; the next call starts anew. */
inline void shutdown(std::int64_t timeout_ms) {
    detail::run([&](auto e) { return kinde_shutdown(timeout_ms, e); });
}

} // namespace kinde

#endif
