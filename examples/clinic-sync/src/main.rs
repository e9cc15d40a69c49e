//! The command line. See the library's documentation.

use std::process::ExitCode;

use clap::Parser;
use clinic_sync::command::Cli;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[tokio::main]
#[expect(clippy::print_stderr, reason = "errors belong on the standard error stream")]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 64 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let stop = CancellationToken::new();
    tokio::spawn(wait_for_signal(stop.clone()));
    match cli.run(stop).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("clinic-sync: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// The first signal asks to stop between two writes; what was begun is finished. A second one kills.
async fn wait_for_signal(stop: CancellationToken) {
    let terminated = async {
        #[cfg(unix)]
        if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            signal.recv().await;
            return;
        }
        std::future::pending().await
    };
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
    stop.cancel();
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(130);
    }
}
