/** Being built: not found until then. */
export { NotFound as AdminPage, NotFound as NodePage } from "./PageFailure";
