/** Being built: not found until then. */
export { NotFound as StatesPage } from "./PageFailure";
