/* A program of somebody who installed the library: the header belongs to the library that is found, and a user signs in
 * over it. */
#include "fixture.h"

int main(void) {
    struct emulator emulator;
    kinde_client *client;
    kinde_session *session;
    CHECK_TEXT(KINDE_VERSION, kinde_version());
    CHECK_NUMBER(KINDE_ABI_VERSION, kinde_abi_version());
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    session = new_signed_in_session(client);
    CHECK(is_authenticated(session));
    kinde_session_free(session);
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
