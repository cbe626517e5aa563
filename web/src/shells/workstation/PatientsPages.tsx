/** Being built: not found until then. */
export { NotFound as ExamPage, NotFound as PatientsPage, NotFound as PersonPage } from "./PageFailure";
