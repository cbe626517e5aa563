/** Being built: not found until then. */
export { NotFound as ReadingPage } from "./PageFailure";
