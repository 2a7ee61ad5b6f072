/** The header that says which of many models a call is for. */
export const targetHeader = "x-amzn-sagemaker-target-model";
