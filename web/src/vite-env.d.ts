/// <reference types="vite/client" />
import "@tanstack/react-router";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** What was typed in the patient search: kept out of the address. */
    asked?: string;
  }
}
