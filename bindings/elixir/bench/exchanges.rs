//! The Rust client for `bench/elixir.exs`: exchanges a code as often as it is told to.
//!
//! `exchanges SETTINGS REQUEST`, both as JSON. Each line of its input, `AT_ONCE ROUNDS`, is answered
//! with a line: how many nanoseconds it took.

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use futures_util::future::join_all;
use kinde::{Client, CodeExchange, Config};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (settings, request) = (arguments.next(), arguments.next());
    let mut config = Config::new();
    config.load_json(&settings.ok_or("no settings")?)?;
    let client = Client::new(&config)?;
    let request = CodeExchange::from_json(&request.ok_or("no request")?)?;
    for line in stdin().lock().lines() {
        let line = line?;
        let (at_once, rounds) = line.split_once(' ').ok_or("AT_ONCE ROUNDS")?;
        let (at_once, rounds) = (at_once.parse()?, rounds.parse()?);
        let begin = Instant::now();
        for _ in 0..rounds {
            pollster::block_on(exchanges(&client, &request, at_once))?;
        }
        println!("{}", begin.elapsed().as_nanos());
        stdout().flush()?;
    }
    Ok(())
}

async fn exchanges(client: &Client, request: &CodeExchange, at_once: usize) -> kinde::Result<()> {
    let answers = join_all((0..at_once).map(|_| client.exchange_code(request.clone()))).await;
    answers
        .into_iter()
        .try_for_each(|tokens| tokens.map(|_| ()))
}
