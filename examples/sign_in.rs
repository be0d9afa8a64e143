//! Signs a user in from the command line: prints the URL to open, takes the address that the
//! browser comes back to, and says who signed in.
//!
//! The settings come from the environment (`KINDE_DOMAIN`, `KINDE_CLIENT_ID`, …).

use std::io::{self, BufRead, Write};

use kinde::{AuthorizationParams, Client, Config, LogoutParams, TokenType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::new();
    config.load_env()?;
    let client = Client::new(&config)?;
    let session = client.session();

    println!("{}", session.login_url(&AuthorizationParams::new())?);
    print!("Open this address, sign in, and paste the address you come back to: ");
    io::stdout().flush()?;
    let mut callback = String::new();
    io::stdin().lock().read_line(&mut callback)?;

    // Any executor will do: the library brings its own threads.
    pollster::block_on(async {
        session.handle_callback(callback.trim()).await?;
        println!("user: {}", session.user()?);
        println!("permissions: {}", session.permissions(TokenType::Access)?);
        println!("flags: {}", session.flags(TokenType::Access)?);
        session.refresh().await?;
        println!(
            "refreshed; the access token ends at {}",
            session.expires_at()?
        );
        println!("{}", session.logout(&LogoutParams::default()).await?);
        Ok(())
    })
}
