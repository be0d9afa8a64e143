// kinde.hpp: handles are freed exactly once however they are copied and moved (valgrind and the sanitizers look), failures
// are exceptions with everything that the error holds, and completions run once.
#include <future>
#include <kinde.hpp>
#include <map>
#include <mutex>
#include <vector>

#include "fixture.h"

namespace {

kinde::config settings(const emulator &emulator) {
    kinde::config config;
    config.set("domain", emulator.url)
        .set("client_id", "emulator_web")
        .load_json(R"({"client_secret": "emulator-web-secret-0123456789abcdefghijkl"})")
        .set("redirect_uri", REDIRECT_URI)
        .set("seal_keys", "the-seal-key-of-this-test-0123456789abcdef")
        .set("logout_redirect_uri", "http://localhost:3000/");
    return config;
}

void sign_in(const kinde::session &session) {
    char *callback = browser_follow(session.login_url().c_str());
    CHECK(callback != nullptr);
    CHECK_HOLDS("signed_in", session.handle_callback(callback).c_str());
    free(callback);
}

template <typename Call> kinde::error failure_of(Call call) {
    try {
        call();
    } catch (const kinde::error &failure) {
        return failure;
    }
    check_failed(__FILE__, __LINE__, "the call fails");
    std::abort();
}

void test_copies_and_moves(const kinde::client &client) {
    kinde::session first(client);
    sign_in(first);
    kinde::session second = first;
    CHECK(second.get() == first.get());
    kinde::session third = std::move(first);
    CHECK(first.get() == nullptr);
    CHECK(third.is_authenticated());
    second = kinde::session(client);
    CHECK(!second.is_authenticated());
    second = third;
    CHECK(second.is_authenticated());
    second = std::move(third);
    const kinde::session &same = second;
    second = same;
    CHECK(second.is_authenticated());
    std::vector<kinde::session> many(10, second);
    many.erase(many.begin(), many.begin() + 9);
    CHECK(many.back().has_permission("read:todos"));
    const kinde::client derived = client.derive(R"({"scope": "openid"})");
    CHECK_HOLDS("scope=openid", derived.authorization_url().c_str());
}

void test_answers(const kinde::client &client) {
    kinde::session session(client);
    sign_in(session);
    CHECK(session.expires_at() > 1700000000);
    CHECK(session.flag_boolean("is_dark_mode"));
    CHECK(session.flag_boolean("no_such_flag", true));
    CHECK_NUMBER(5, session.flag_integer("competitions_limit"));
    CHECK_NUMBER(7, session.flag_integer("no_such_flag", 7));
    CHECK_TEXT("plain", session.flag_string("no_such_flag", "plain").c_str());
    CHECK_TEXT("org_acme", session.claim_string("org_code").c_str());
    CHECK(session.claim_integer("exp", KINDE_TOKEN_TYPE_ID) > 1700000000);
    CHECK_HOLDS("\"is_default\":true", session.flag("no_such_flag", "1").c_str());
    CHECK(session.has(R"({"permissions": ["read:todos"]})"));
    CHECK(session.fetch("roles").find("admin") != std::string::npos);
    CHECK(session.fetch_has(R"({"entitlements": ["seats"]})"));
    CHECK(session.api_call("get_user_roles").find("admin") != std::string::npos);
    CHECK(!session.ensure_fresh(0));
    CHECK_HOLDS("\"permissions\"", client.verify_token(session.access_token()).c_str());
    session.refresh();
    CHECK(kinde::session::from_tokens(client, session.tokens()).is_authenticated());
    CHECK_HOLDS("/logout?", session.logout().c_str());
    CHECK(!session.is_authenticated());
    CHECK_HOLDS("\"kinde_session=1.", client.cookie_split(R"({"value": "sealed"})").c_str());
    CHECK_HOLDS("\"value\":null", client.cookie_join(R"({"cookies": "other=1"})").c_str());
}

void test_apis(const kinde::client &client) {
    const kinde::client manager = client.derive(R"({"management_client_id": "emulator_m2m",
        "management_client_secret": "emulator-m2m-secret-0123456789abcdefghijkl"})");
    CHECK_HOLDS("\"create_user\"", kinde::api_catalogue().c_str());
    CHECK_HOLDS("\"key\":\"editor\"", manager.api_call("get_roles").c_str());
    CHECK_HOLDS("\"index\":0", manager.api_call_many(R"([{"operation": "no_such"}])").c_str());
    manager.webhook_done("event_1");
    CHECK_NUMBER(KINDE_STATUS_TOKEN_MALFORMED, failure_of([&] { manager.webhook_decode("no webhook"); }).status());
    const kinde::error failure = failure_of([&] { manager.api_call("get_users", R"({"page_size": "all"})"); });
    CHECK_TEXT("page_size", failure.field()->c_str());

    kinde::pages users(manager, "get_users", R"({"page_size": 3})");
    kinde::pages moved(std::move(users));
    int count = 0;
    while (const auto page = moved.next()) {
        CHECK_HOLDS("\"items\"", page->c_str());
        count++;
    }
    CHECK_NUMBER(2, count);
    std::promise<bool> over;
    moved.next_async([&](const kinde::completed &outcome) { over.set_value(outcome.result_json == nullptr); });
    CHECK(over.get_future().get());
    std::promise<kinde_status> answered;
    manager.api_call_async("get_roles", "{}", [&](const kinde::completed &outcome) { answered.set_value(outcome.status); });
    CHECK_NUMBER(KINDE_STATUS_OK, answered.get_future().get());
}

void test_failures(const kinde::client &client) {
    const kinde::session session(client);
    const kinde::error refused = failure_of([&] { client.refresh_tokens(R"({"refresh_token": "never.issued"})"); });
    CHECK_NUMBER(KINDE_STATUS_INVALID_GRANT, refused.status());
    CHECK_TEXT("INVALID_GRANT", refused.status_name());
    CHECK_TEXT("invalid_grant", refused.oauth_code().value_or("").c_str());
    CHECK_NUMBER(400, refused.http_status().value_or(0));
    CHECK(!refused.retry_after_seconds());
    CHECK_HOLDS("\"name\":\"INVALID_GRANT\"", refused.details().c_str());
    CHECK(*refused.what() != '\0');

    CHECK_TEXT("prompt", failure_of([&] { session.login_url(R"({"prompt": 1})"); }).field().value_or("").c_str());
    CHECK_NUMBER(KINDE_STATUS_NOT_AUTHENTICATED, failure_of([&] { session.user(); }).status());
    const std::string with_nul("read:todos\0x", 12);
    CHECK_NUMBER(KINDE_STATUS_INVALID_ARGUMENT, failure_of([&] { session.has_permission(with_nul); }).status());
    CHECK_NUMBER(KINDE_STATUS_CONFIG, failure_of([] { kinde::client nothing((kinde::config())); }).status());
}

void test_completions(const kinde::client &client) {
    const kinde::session session(client);
    sign_in(session);
    std::promise<kinde_status> prepared, refreshed, verified;
    client.prepare_async([&](const kinde::completed &done) { prepared.set_value(done.status); });
    CHECK_NUMBER(KINDE_STATUS_OK, prepared.get_future().get());
    const kinde::task task = session.refresh_async([&](const kinde::completed &done) {
        CHECK(done.session == session.get());
        refreshed.set_value(done.status);
    });
    CHECK_NUMBER(KINDE_STATUS_OK, refreshed.get_future().get());
    client.verify_token_async("a.b.c", std::nullopt, [&](const kinde::completed &done) {
        CHECK_NUMBER(done.status, kinde_error_status(done.error));
        verified.set_value(done.status);
    });
    CHECK_NUMBER(KINDE_STATUS_TOKEN_MALFORMED, verified.get_future().get());
    std::promise<std::string> left;
    session.start(kinde_session_logout_async, "{}", [&](const kinde::completed &done) { left.set_value(done.result_json); });
    CHECK_HOLDS("/logout?", left.get_future().get().c_str());
    /* What does not start never completes, and leaves nothing behind. */
    CHECK_NUMBER(KINDE_STATUS_INVALID_ARGUMENT, failure_of([&] {
                     client.start(kinde_exchange_code_async, "{}", [](const kinde::completed &) { std::abort(); });
                 }).status());
}

/* A store that throws when it is told to. */
class map_store : public kinde::store {
public:
    explicit map_store(bool &gone) : gone_(gone) {}
    ~map_store() override { gone_ = true; }

    std::optional<record> load(const std::string &key) override {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (broken) {
            throw std::runtime_error("the map is torn");
        }
        const auto found = records_.find(key);
        return found == records_.end() ? std::nullopt : std::optional<record>(found->second);
    }
    bool save(const std::string &key, std::optional<std::uint64_t> expected, const record &record,
              std::chrono::milliseconds life) override {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (life.count() <= 0 || version(key) != expected) {
            return false;
        }
        records_[key] = record;
        return true;
    }
    bool remove(const std::string &key, std::optional<std::uint64_t> expected) override {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (expected && version(key) && version(key) != expected) {
            return false;
        }
        records_.erase(key);
        return true;
    }
    std::optional<std::uint64_t> lease(const std::string &key, std::optional<std::uint64_t> held,
                                       std::chrono::milliseconds) override {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (held.value_or(0) != leases_[key]) {
            return std::nullopt;
        }
        return leases_[key] = held.value_or(++last_lease_);
    }
    void release(const std::string &key, std::uint64_t value) override {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (leases_[key] == value) {
            leases_[key] = 0;
        }
    }

    bool broken = false;

private:
    std::optional<std::uint64_t> version(const std::string &key) const {
        const auto found = records_.find(key);
        return found == records_.end() ? std::nullopt : std::optional<std::uint64_t>(found->second.version);
    }

    std::mutex mutex_;
    std::map<std::string, record> records_;
    std::map<std::string, std::uint64_t> leases_;
    std::uint64_t last_lease_ = 0;
    bool &gone_;
};

void test_keeping(const kinde::client &client) {
    const kinde::session session(client);
    const std::uint64_t before = session.revision();
    sign_in(session);
    CHECK(session.revision() != before);
    const std::string id = session.save();
    kinde::session loaded = kinde::session::load(client, id);
    CHECK(loaded.is_authenticated());
    loaded.refresh();
    std::promise<std::string> saved;
    loaded.save_async([&](const kinde::completed &done) { saved.set_value(done.result_json); });
    CHECK_HOLDS(id.c_str(), saved.get_future().get().c_str());
    client.delete_session(id);
    CHECK_NUMBER(KINDE_STATUS_SESSION_NOT_FOUND, failure_of([&] { kinde::session::load(client, id); }).status());
    client.revoke_sessions("kp_nobody");

    CHECK(kinde::session::open(client, session.seal()).is_authenticated());
    CHECK_NUMBER(KINDE_STATUS_SESSION_INVALID, failure_of([&] { kinde::session::open(client, "noise"); }).status());
}

void test_store(const emulator &emulator) {
    bool gone = false;
    {
        const auto store = std::make_shared<map_store>(gone);
        const kinde::client client(settings(emulator).set_store(store));
        test_keeping(client);
        store->broken = true;
        const std::string none(43, 'A');
        const kinde::error torn = failure_of([&] { kinde::session::load(client, none); });
        CHECK_NUMBER(KINDE_STATUS_STORE, torn.status());
        CHECK_HOLDS("the map is torn", torn.what());
        CHECK_NUMBER(KINDE_STATUS_NULL_ARGUMENT, failure_of([] { kinde::config().set_store(nullptr); }).status());
    }
    kinde::shutdown(10000); /* the last user may be a thread of the library */
    CHECK(gone);
}

} // namespace

int main() {
    struct emulator emulator;
    emulator_start(&emulator);
    {
        const kinde::client client(settings(emulator));
        test_copies_and_moves(client);
        test_answers(client);
        test_apis(client);
        test_failures(client);
        test_completions(client);
        test_keeping(client);
        test_store(emulator);
    }
    kinde::shutdown(10000);
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
