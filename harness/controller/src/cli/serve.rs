//! `schism serve`: the store in a browser.

use super::Outcome;
use super::terminal::print;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Where to listen. Any other address than a loopback one shows the store to the network
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
}

pub fn serve(args: &ServeArgs) -> Outcome {
    crate::serve::serve(&args.store, args.listen, &|address| {
        let store = args.store.display();
        print(&format!("showing {store} at http://{address}/ (Ctrl-C ends it)\n"));
        if !address.ip().is_loopback() {
            eprintln!("schism: anybody who reaches {address} can read {store}");
        }
    })?;
    Ok(0)
}
