// The sign-in of login.c in C++17. Settings come from the environment as there; it needs the emulator with
// --auto-login, because it follows the authorization URL itself.
#include <cstdlib>
#include <future>
#include <iostream>
#include <kinde.hpp>
#include <memory>

#include "browser.h"

static void sign_in_and_out() {
    const kinde::client client(kinde::config().load_env());
    const kinde::session session(client);

    const std::string url = session.login_url(R"({"org_code": "org_acme"})");
    const std::unique_ptr<char, decltype(&std::free)> callback(browser_follow(url.c_str()), std::free);
    if (!callback) {
        throw std::runtime_error("The emulator must run with --auto-login.");
    }
    std::cout << "Came back with " << session.handle_callback(callback.get()) << "\n";

    std::cout << "Signed in: " << session.user() << "\n"
              << "May read to-dos: " << std::boolalpha << session.has_permission("read:todos") << "\n"
              << "Theme: " << session.flag_string("theme", "plain") << "\n";
    try {
        session.flag_boolean("no_such_flag");
    } catch (const kinde::error &missing) {
        std::cout << "Asking for a flag that is not there: " << missing.status_name() << "\n";
    }

    std::promise<kinde_status> refreshed;
    session.refresh_async([&](const kinde::completed &done) { refreshed.set_value(done.status); });
    std::cout << "Refreshed on a thread of the library: " << kinde_status_name(refreshed.get_future().get()) << "\n";

    std::cout << "Signed out; the browser goes on to " << session.logout() << "\n";
}

int main() {
    try {
        sign_in_and_out();
        kinde::shutdown(5000);
        return EXIT_SUCCESS;
    } catch (const kinde::error &failure) {
        std::cerr << failure.status_name() << ": " << failure.what() << "\n" << failure.details() << "\n";
    } catch (const std::exception &failure) {
        std::cerr << failure.what() << "\n";
    }
    return EXIT_FAILURE;
}
