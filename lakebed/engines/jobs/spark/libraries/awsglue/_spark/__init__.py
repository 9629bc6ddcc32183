"""DynamicFrames that Spark computes."""
